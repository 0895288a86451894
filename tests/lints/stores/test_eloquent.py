"""Laravel end to end: migrations, Eloquent models, calls, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import CodeFacts, scan
from lints.schema import build_model
from lints.schema.facts import SourceModel
from lints.tenancy import Ownership

MIGRATION = b"""<?php
return new class extends Migration {
    public function up(): void {
        Schema::create('fleets', function (Blueprint $table) { $table->id(); $table->string('name'); });
        Schema::create('boats', function (Blueprint $table) {
            $table->id();
            $table->foreignId('fleet_id')->constrained();
            $table->string('name')->nullable();
            $table->unique(['fleet_id', 'name']);
        });
        Schema::create('logbooks', function (Blueprint $table) {
            $table->increments('id');
            $table->unsignedInteger('boat_id');
            $table->foreign('boat_id')->references('id')->on('boats')->onDelete('cascade');
            $table->timestamps();
        });
        Schema::create('berths', function (Blueprint $table) { $table->uuid('id')->primary(); $table->string('x'); });
        Schema::table('berths', function ($table) { $table->foreignIdFor(\\App\\Models\\Fleet::class, 'fleet_id'); $table->dropColumn('x'); });
        Schema::create('crews', function (Blueprint $table) { $table->id(); $table->unsignedBigInteger('fleet_id'); });
        Schema::create('old', function (Blueprint $table) { $table->id(); });
        Schema::dropIfExists('old');
    }
    public function down(): void { Schema::dropIfExists('boats'); }
};
"""
MODELS = b"""<?php
namespace App\\Models;
abstract class Record extends Model {}
class Boat extends Record {
    public function scopeOf($query, $fleet) { return $query->where('fleet_id', $fleet); }
    public function scopeMaybeOf($query, $fleet) { if ($fleet) { $query->where('fleet_id', $fleet); } return $query; }
    public function scopeOurs($query) { $query->where("{$this->getTable()}.fleet_id", fleet()); }
    public function scopeWhereOurs($query) { return $query->where('fleet_id', fleet()); }
    public function scopeNotOf($query, $f) { return $query->where('fleet_id', '!=', $f); }
    public function scopeBusy($query) { $ids = Logbook::query()->pluck('boat_id'); return $query->whereIn('id', $ids); }
    public function scopePage($query, $n) { return $query->orderBy('id')->paginate($n); }
    public function scopeOpen($query) { return $query->where('open', 1); }
    public function fleet() { return $this->belongsTo(Fleet::class); }
}
class Fleet extends Record {}
class Logbook extends Record { public function scopeOfBoat($q, $id) { return $q->where('logbooks.boat_id', $id); }
    public function boat() { return $this->belongsTo(Boat::class)->withTrashed(); } }
class Berth extends Record {
    protected static function booted() {
        static::addGlobalScope('fleet', function ($query) { $query->where('fleet_id', current_fleet()); });
    }
}
trait OfFleet { protected static function bootOfFleet() { static::addGlobalScope(new FleetScope()); } }
class FleetScope implements Scope {
    public function apply(Builder $builder, Model $model) { $builder->where($model->getTable() . '.fleet_id', fleet()); }
}
class Sailor extends Record { use OfFleet; protected $table = 'crews'; }
"""
FILES = {"database/migrations/2024_01_01_fleet.php": MIGRATION, "app/Models/Boat.php": MODELS}
MODEL = build_model(FILES, {"tenant_columns": ["fleet_id"]}, dialect="mysql")
HEAD = "<?php\nnamespace App\\Http;\nuse App\\Models\\{Boat, Logbook};\nuse App\\Models\\Berth as Place;\n"

CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "find by its key": ("return Boat::find($id);", [("violation", "TENORM001")]),
    "with the tenant": ("return Boat::where('fleet_id', $fleet->id)->find($id);", [("proven", None)]),
    "with an operator": ("return Boat::where('fleet_id', '=', $f)->first();", [("proven", None)]),
    "other than the tenant's": ("return Boat::where('fleet_id', '!=', $f)->get();", [("violation", "TENORM001")]),
    "an array": ("return Boat::where(['fleet_id' => $f, 'id' => $id])->first();", [("proven", None)]),
    "a list of triples": ("return Boat::where([['fleet_id', '=', $f], ['id', '>', 1]])->get();", [("proven", None)]),
    "the name of the method": ("return Boat::whereFleetId($f)->first();", [("proven", None)]),
    "what a record does later is told once": (
        "$boat = Boat::findOrFail($id); $boat->update(['name' => 1]); $boat->logbooks()->delete(); $boat->delete();",
        [("violation", "TENORM001")],
    ),
    "a builder that changes": (
        "$q = Boat::query(); $q->where('fleet_id', $f)->orderBy('id'); return $q->get();",
        [("proven", None)],
    ),
    "on some paths": (
        "$q = Boat::query(); if ($f) { $q->where('fleet_id', $f); } return $q->get();",
        [("violation", "TENORM005")],
    ),
    "or beside it": ("return Boat::where('fleet_id', $f)->orWhere('id', 1)->get();", [("violation", "TENORM006")]),
    "and binds before or": (
        "return Boat::where('a', 1)->orWhere('b', 2)->where('fleet_id', $f)->get();",
        [("violation", "TENORM006")],
    ),
    "or inside a group": (
        "return Boat::where('fleet_id', $f)->where(function ($q) { $q->where('a', 1)->orWhere('b', 2); })->get();",
        [("proven", None)],
    ),
    "a group without the tenant": (
        "return Boat::where(function ($q) { $q->where('a', 1)->orWhere('b', 2); })->get();",
        [("violation", "TENORM001")],
    ),
    "a group with the tenant in it": (
        "return Boat::where(fn ($q) => $q->where('fleet_id', $f)->orWhere('b', 2))->get();",
        [("violation", "TENORM006")],
    ),
    "a group that is handed on": ("return Boat::where(fn ($q) => $this->mine($q))->get();", [("opaque", "TENORM013")]),
    "when": ("return Boat::when($f, fn ($q) => $q->where('fleet_id', $f))->get();", [("opaque", "TENORM013")]),
    "when, of something else": ("return Boat::when($n, fn ($q) => $q->where('n', $n))->get();", [("violation", "TENORM001")]),
    "a local scope": ("return Boat::of($f)->get();", [("proven", None)]),
    "a local scope on some paths": ("return Boat::maybeOf($f)->get();", [("opaque", "TENORM013")]),
    "a local scope of something else": ("return Boat::open()->get();", [("violation", "TENORM001")]),
    "a local scope that names its table": ("return Boat::ours()->get();", [("proven", None)]),
    "a local scope called where": ("return Boat::whereOurs()->open()->get();", [("proven", None)]),
    "a local scope that runs the query": ("return Boat::open()->page(3);", [("violation", "TENORM001")]),
    "compared afterwards": (
        "$boat = Boat::find($id); if ($boat->fleet->company_id !== $f) { throw new Missing; } return $boat;",
        [("weak", "TENORM010")],
    ),
    "keys of parents": ("return Logbook::whereIn('boat_id', $ids)->get();", [("weak", "TENORM002")]),
    "a factory of tests": ("return Boat::factory()->count(3);", []),
    "a method of the class": ("return Boat::describe($id);", []),
    "a macro": ("return Boat::query()->visible()->get();", [("opaque", "TENORM013")]),
    "whereHas": (
        "return Logbook::whereHas('boat', fn ($q) => $q->where('fleet_id', $f))->find($id);",
        [("proven", None)],
    ),
    "whereHas of something else": (
        "return Logbook::whereHas('boat', fn ($q) => $q->where('name', $n))->get();",
        [("violation", "TENORM001")],
    ),
    "whereRelation": ("return Boat::whereRelation('fleet', 'id', $f)->get();", [("proven", None)]),
    "whereBelongsTo": ("return Boat::whereBelongsTo($fleet)->get();", [("proven", None)]),
    "keys from a subquery": (
        "return Boat::whereIn('fleet_id', function ($q) { $q->select('id')->from('fleets'); })->get();",
        [("opaque", "TENORM013")],
    ),
    "again by the key of a record": ("return Boat::find($trip->boat_id);", [("weak", "TENORM003")]),
    "by a key in what was sent": ("return Boat::find($row['boat_id']);", [("violation", "TENORM001")]),
    "along a relation": ("return Logbook::where('boat_id', $boat->id)->get();", [("weak", "TENORM002")]),
    "a global scope": ("return Place::find($id);", [("weak", "TENORM014")]),
    "a global scope of a trait's class": ("return \\App\\Models\\Sailor::find($id);", [("weak", "TENORM014")]),
    "a global scope, whatever is asked": ("return Place::visible()->get();", [("weak", "TENORM014")]),
    "a global scope taken away": (
        "return Place::withoutGlobalScopes()->find($id);",
        [("violation", "TENORM011")],
    ),
    "new and query": ("return (new Boat)->newQuery()->where('id', $id)->first();", [("violation", "TENORM001")]),
    "table": ("return DB::table('boats')->where('id', $id)->first();", [("violation", "TENORM001")]),
    "table of a connection": ("DB::connection('x')->table('boats')->delete();", [("violation", "TENORM001")]),
    "table, with its name": ("return DB::table('boats as b')->where('b.fleet_id', $f)->get();", [("proven", None)]),
    "join": (
        "return DB::table('boats as b')->join('logbooks as l', 'l.boat_id', '=', 'b.id')->where('b.fleet_id', $f)->get();",
        [("proven", None)],
    ),
    "whereRaw": ("return Boat::whereRaw('fleet_id = ?', [$f])->get();", [("proven", None)]),
    "written with its tenant": ("Boat::create(['name' => 1, 'fleet_id' => $f]);", [("proven", None)]),
    "updateOrCreate by a caller's key": ("Boat::updateOrCreate(['id' => $id], ['n' => 1]);", [("violation", "TENORM001")]),
    "updateOrCreate that writes its key again": (
        "Boat::updateOrCreate(['id' => $id, 'fleet_id' => $f], ['fleet_id' => $f, 'name' => 1]);",
        [("proven", None)],
    ),
    "a local scope that compares otherwise": ("return Boat::notOf($f)->get();", [("opaque", "TENORM013")]),
    "a local scope of a relation": ("return Logbook::ofBoat($id)->get();", [("weak", "TENORM002")]),
    "a local scope that runs something else": ("return Boat::busy()->of($f)->paginate();", [("proven", None)]),
    "destroy": ("Boat::destroy($id);", [("violation", "TENORM001")]),
    "not run here": ("return Boat::where('name', $n);", [("opaque", "TENORM013")]),
    "a facade": ("return Cache::get($id);", []),
}  # fmt: skip


def judged(code: str) -> CodeFacts:
    text = f"{HEAD}class Harbour {{ function f($id, $f, $fleet, $boat) {{ {code} }} }}"
    return scan([("app/Http/Harbour.php", text.encode())], MODEL)


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_calls(code: str, expected: list[tuple[str, str | None]]) -> None:
    assert [(row.verdict, row.rule) for row in judged(code).accesses] == expected


def test_inside_the_model_itself() -> None:
    code = b"<?php\nnamespace App\\Models;\nclass Boat extends Record { static function f($id) { return static::find($id); } }"
    assert [row.rule for row in scan([("app/Models/X.php", code)], MODEL).accesses] == ["TENORM001"]


def test_tables_of_migrations() -> None:
    tables = {
        name: (t.ownership, t.tenant_column, t.parent and t.parent.references) for name, t in MODEL.tables.items()
    }
    assert tables == {
        "fleets": (Ownership.ROOT, "id", None),
        "boats": (Ownership.OWNED, "fleet_id", None),
        "logbooks": (Ownership.CHILD, None, "boats"),
        "berths": (Ownership.OWNED, "fleet_id", None),
        "crews": (Ownership.OWNED, "fleet_id", None),
    }
    assert list(MODEL.tables["berths"].columns) == ["id", "fleet_id"]
    assert ("fleet_id", "name") in MODEL.tables["boats"].unique


def test_models_without_migrations() -> None:
    said = b"class Boat extends Record {"
    only = {"app/Models/Boat.php": MODELS.replace(said, said + b" protected $fillable = ['name', 'fleet_id'];")}
    model = build_model(only, {"tenant_columns": ["fleet_id"]})
    assert isinstance(model, SourceModel)
    assert model.tables["boats"].tenant_column == "fleet_id"
    assert model.tables["logbooks"].ownership is Ownership.CHILD


def test_what_a_form_holds_was_sent() -> None:
    rules = "function rules() { return Boat::find($this->boat_id); }"
    code = f"<?php\nuse App\\Models\\Boat;\nclass BoatRequest extends FormRequest {{ {rules} }}".encode()
    assert [row.rule for row in scan([("app/Http/BoatRequest.php", code)], MODEL).accesses] == ["TENORM001"]
