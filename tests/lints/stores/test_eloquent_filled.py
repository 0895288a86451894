"""Rows of Eloquent that take what a client sent as a whole: whose they are is what `$fillable` and `$guarded` say."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

MIGRATION = b"""<?php
return new class extends Migration {
    public function up(): void {
        Schema::create('fleets', function (Blueprint $table) { $table->id(); });
        Schema::create('boats', function (Blueprint $table) {
            $table->id(); $table->foreignId('fleet_id')->constrained(); $table->string('name'); });
        Schema::create('piers', function (Blueprint $table) {
            $table->id(); $table->foreignId('fleet_id')->constrained(); $table->string('name'); });
        Schema::create('crews', function (Blueprint $table) {
            $table->id(); $table->foreignId('fleet_id')->constrained(); $table->string('name'); });
        Schema::create('cables', function (Blueprint $table) {
            $table->id(); $table->foreignId('fleet_id')->constrained(); $table->string('name'); });
    }
};
"""
MODELS = b"""<?php
namespace App\\Models;
class Fleet extends Model { public function boats() { return $this->hasMany(Boat::class); } }
class Boat extends Model { protected $fillable = ['name', 'fleet_id']; }
class Pier extends Model { protected $fillable = ['name']; }
class Crew extends Model { protected $guarded = []; }
class Cable extends Model { protected $guarded = ['fleet_id']; }
"""
CODE = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Boat; use App\\Models\\Pier; use App\\Models\\Crew; use App\\Models\\Cable; use App\\Models\\Fleet;
class HarbourController {
    public function store(StoreRequest $request, Boat $boat, Pier $pier, Fleet $fleet, array $data) { %s }
}
"""
SENT, UNSEEN, UNSET = ("violation", "TENORM004"), ("opaque", "TENORM013"), ("weak", "TENSQL004")
TAKEN, MOVED = ("weak", "TENORM013"), ("violation", "TENORM004")
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "created": ("Boat::create($request->all());", [SENT]),
    "created, by the helper": ("Boat::create(request()->all());", [SENT]),
    "created, all but": ("Boat::create($request->except('_token'));", [SENT]),
    "created, nothing guarded": ("Crew::create($request->input());", [SENT]),
    "created, the tenant not fillable": ("Pier::create($request->all());", [UNSET]),
    "created, the tenant guarded": ("Cable::create($request->all());", [UNSET]),
    "created by force": ("Pier::forceCreate($request->all());", [SENT]),
    "inserted, which asks no model": ("Pier::insert($request->all());", [SENT]),
    "created of what rules elsewhere name": ("Boat::create($request->validated());", [UNSEEN]),
    "created of what rules elsewhere name, the tenant not fillable": ("Pier::create($request->validated());", [UNSET]),
    "created of what somebody hands in": ("Boat::create($data);", [UNSEEN]),
    "created along a relation": ("Fleet::find($fleet->id);", [("proven", None)]),
    "made": ("$b = new Boat($request->all());", [SENT]),
    "an array whose tenant the code says": (
        "$given = $request->all(); $given['fleet_id'] = $fleet->id; $boat->update($given);",
        [],
    ),
    "an array whose tenant a client says": (
        "$given = $request->all(); $given['fleet_id'] = $request->fleet; $boat->update($given);",
        [SENT],
    ),
    "an array of which the code says something else": (
        "$given = $request->all(); $given['name'] = 'x'; $boat->update($given);",
        [SENT],
    ),
    "made, filled, then saved": ("$b = new Boat; $b->fill($request->all()); $b->save();", [SENT]),
    "made, then filled with what rules name": ("$b = new Boat; $b->fill($request->validated()); $b->save();", [UNSEEN]),
    "made, filled, then tied to its tenant": (
        "$b = new Boat; $b->fill($request->validated()); $b->fleet()->associate($fleet); $b->save();",
        [("proven", None)],
    ),
    "made and saved": ("$b = new Boat(); $b->name = 'x'; $b->fleet_id = $fleet->id; $b->save();", [("proven", None)]),
    "made and saved without a tenant": ("$b = new Boat(); $b->name = 'x'; $b->save();", [UNSET]),
    "made and saved, as a client says": (
        "$b = new Boat(); $b->fleet_id = $request->input('fleet_id'); $b->save();",
        [("weak", "TENCTX001")],
    ),
    "made for another name": ("$b = new Boat(); $c = other(); $c->fleet_id = $fleet->id; $c->save();", []),
    "updated": ("$boat->update($request->all());", [SENT]),
    "updated, the tenant not fillable": ("$pier->update($request->all());", []),
    "filled": ("$boat->fill($request->all())->save();", [SENT]),
    "filled by force": ("$pier->forceFill($request->all())->save();", [SENT]),
    "updated, where it was loaded": (
        "$b = Boat::where('fleet_id', $fleet->id)->find(1); $b->update($request->all());", [("proven", None), SENT]),
    "updated, where it was loaded, the tenant not fillable": (
        "$b = Pier::where('fleet_id', $fleet->id)->find(1); $b->update($request->all());", [("proven", None)]),
    "updated, by what can't be seen": ("$boat->update($data);", [TAKEN]),
    "updated, by what rules elsewhere name": ("$boat->update($request->validated());", [TAKEN]),
    "updated, by what was put together": ("$boat->update(array_merge($data, ['name' => 'x']));", [TAKEN]),
    "updated, by what can't be seen, the tenant not fillable": ("$pier->update($data);", []),
    "updated, by some fields": ("$boat->update($request->only(['name', 'state']));", []),
    "updated, by some fields, the tenant among them": ("$boat->update($request->only('name', 'fleet_id'));", [SENT]),
    "updated, all but the tenant": ("$boat->update($request->except(['fleet_id']));", []),
    "updated, in a variable": ("$all = $request->all(); $boat->update($all);", [SENT]),
    "updated, where it was loaded along a relation": (
        "$b = $fleet->boats()->find(1); $b->update($request->all());", [("proven", None), SENT]),
    "updated, the tenant by name": (
        "$b = $fleet->boats()->find(1); $b->update(['fleet_id' => $request->fleet]);", [("proven", None), MOVED]),
    "saved, the tenant by name": (
        "$b = $fleet->boats()->find(1); $b->fleet_id = $request->fleet; $b->save();", [("proven", None), MOVED]),
    "saved, something else by name": (
        "$b = $fleet->boats()->find(1); $b->name = $request->name; $b->save();", [("proven", None)]),
    "made, then filled": ("$b = new Boat; $b->fill($request->all())->save();", [SENT]),
    "rows that are updated": ("Boat::where('fleet_id', $fleet->id)->update($request->all());", [SENT]),
    "rows that are updated, which asks no model": ("Pier::where('fleet_id', $fleet->id)->update($request->all());", [SENT]),
    "rows that are updated, by what can't be seen": ("Pier::where('fleet_id', $fleet->id)->update($data);", [TAKEN]),
    "rows that are updated, by some fields": (
        "Boat::where('fleet_id', $fleet->id)->update($request->only(['name']));", [("proven", None)]),
    "rows that are counted up": ("Boat::where('fleet_id', $fleet->id)->increment('count');", [("proven", None)]),
    "the query builder's, by what can't be seen": ("DB::table('boats')->where('fleet_id', $fleet->id)->update($data);", [TAKEN]),
    "rows that are put, of what was sent": ("Boat::upsert($request->input('boats'), ['id']);", [SENT]),
    "rows that are put, all that was sent": ("Boat::upsert($request->all(), ['id']);", [SENT]),
    "a table by its name": ("DB::table($data['table'])->where('id', 1)->first();", []),
    "a table in a variable": ("$t = $data['table']; DB::table($t)->where('id', 1)->first();", [UNSEEN]),
    "a class by its name": ("app($data)->where('id', 1)->first();", [UNSEEN]),
    "a class by its name, within the tenant": ("app($data)->where('fleet_id', $fleet->id)->first();", [("proven", None)]),
    "a model that those made of the class have": ("$this->model->find(1);", [UNSEEN]),
    "a model that those made of the class have, within the tenant": (
        "$this->model->where('fleet_id', $fleet->id)->find(1);", [("proven", None)]),
    "updated by one field": ("$boat->update(['name' => $request->name]);", []),
    "something else that is updated": ("$cart->update($request->all()); $cache->fill($request->all());", []),
}  # fmt: skip


LIVEWIRE = """<?php
namespace App\\Livewire;
use App\\Models\\Boat;
use Livewire\\Component;
class Boats extends Component {
    public $fleetId;
    #[Locked]
    public int $lockedId;
    public ?Fleet $fleet;
    protected $ownId;
    public function render() { return Boat::where('fleet_id', %s)->get(); }
}
"""


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("$this->fleetId", "weak"),
        ("$this->lockedId", "proven"),
        ("$this->fleet->id", "proven"),
        ("$this->ownId", "proven"),
    ],
)
def test_a_public_property_of_livewire_is_what_a_client_sends(value: str, verdict: str) -> None:
    path = "app/Livewire/Boats.php"
    files = {
        "database/migrations/2024_01_01_fleet.php": MIGRATION,
        "app/Models/Boat.php": MODELS,
        path: (LIVEWIRE % value).encode(),
    }
    model = build_model(files, {"tenant_columns": ["fleet_id"]}, dialect="mysql")
    rows = [row for row in scan(sorted(files.items()), model).accesses if row.path == path]
    assert [row.verdict for row in rows] == [verdict]
    assert verdict == "proven" or "$this->fleetId (a public property), which a client names" in rows[0].why


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=list(CASES))
def test_filled(code: str, expected: list[tuple[str, str | None]]) -> None:
    path = "app/Http/Controllers/HarbourController.php"
    files = {
        "database/migrations/2024_01_01_fleet.php": MIGRATION,
        "app/Models/Boat.php": MODELS,
        path: (CODE % code).encode(),
    }
    model = build_model(files, {"tenant_columns": ["fleet_id"]}, dialect="mysql")
    rows = [row for row in scan(sorted(files.items()), model).accesses if row.path == path]
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]
