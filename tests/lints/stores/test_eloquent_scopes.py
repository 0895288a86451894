"""What a model's own methods put on its queries: static methods that begin one, builders, scopes of other classes."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

MIGRATION = b"""<?php
return new class extends Migration {
    public function up(): void {
        Schema::create('fleets', function (Blueprint $table) { $table->id(); });
        Schema::create('boats', function (Blueprint $table) {
            $table->id();
            $table->foreignId('fleet_id')->constrained();
            $table->string('name');
        });
        Schema::create('logbooks', function (Blueprint $table) {
            $table->id();
            $table->foreignId('boat_id')->constrained();
        });
    }
};
"""
MODELS = b"""<?php
namespace App\\Models;
use App\\Scopes\\Docked as Dry;
class Fleet extends Model {
    public static function narrow($query, $column = 'fleet_id', $table = null) {
        return auth()->check() ? static::compare($query, $column, $table) : $query;
    }
    private static function compare($query, $column = 'fleet_id', $table = null) {
        return $query->where($table . $column, '=', auth()->user()->fleet_id);
    }
}
class Boat extends Model {
    public function fleet() { return $this->belongsTo(Fleet::class); }
    public static function ours(array $columns = ['*']) {
        $fleet = fleet()->id;
        return self::whereFleetId($fleet)->select($columns)->orderBy('name');
    }
    public static function of($fleet) { return static::query()->where('fleet_id', $fleet->id); }
    public static function named(string $name) { return Boat::where('name', $name); }
    public static function perhaps($fleet) {
        if ($fleet === null) { return self::query(); }
        return self::where('fleet_id', $fleet->id);
    }
    public static function sent() { return self::where('fleet_id', request()->header('fleet')); }
    public static function unknown() { return self::whereRelation('wharf.fleet', 'id', 1); }
    public static function oursOrOpen() {
        return Boat::where(function ($query) { $query->where('fleet_id', fleet()->id)->orWhere('name', 'Open'); });
    }
    public static function kept() { return once(function () { return Boat::ours()->get(); }); }
    public static function known() { return self::ours()->get(); }
    public static function either($fleet) { return self::where('fleet_id', $fleet)->orWhere('name', 'Nobody'); }
    public function scopeScope($query, $fleet = false) {
        if (!$fleet && Auth::check()) { $fleet = Auth::user()->fleet_id; }
        if ($fleet !== false) { $query->whereRaw(\\DB::raw('('.$this->getTable().'.fleet_id = '.$fleet.')')); }
        return $query;
    }
    #[Scope]
    protected function afloat(Builder $query, $fleet): void { $query->where('fleet_id', $fleet); }
    public function newEloquentBuilder($query): BoatBuilder { return new BoatBuilder($query); }
}
class BoatBuilder extends Builder {
    public function inFleet($fleet): self { return $this->where('fleet_id', $fleet->id); }
    public function wet(): self { return $this->where('name', 'wet'); }
    public function maybeIn($fleet): self { if ($fleet) { $this->where('fleet_id', $fleet->id); } return $this; }
}
class Logbook extends Model {
    public function boat() { return $this->belongsTo(Boat::class); }
    public static function ours() { return Logbook::whereRelation('boat.fleet', 'id', fleet()->id)->latest(); }
}
class Pier extends Model { use Owned; protected $table = 'boats'; }
class Ferry extends Model {
    use SoftDeletes;
    protected $table = 'boats';
    protected static function booted() {
        static::addGlobalScope('wet', fn ($query) => $query->where('name', 'wet'));
        static::addGlobalScope('ours', fn ($query) => $query->where('fleet_id', fleet()->id));
        static::addGlobalScope(new Dry);
    }
    public function scopeAnyWeather($query) { return $query->withoutGlobalScope('wet'); }
    public function scopeInAnyDock($query) { return $query->withoutGlobalScope(new Dry); }
    public function scopeOfAnybody($query) { return $query->withoutGlobalScopes(['wet', 'ours']); }
    public function scopeOfAll($query) { return $query->withoutGlobalScopes(); }
}
class Docked implements Scope { public function apply(Builder $b, Model $m) { return $b->where('name', 'dry'); } }
trait Owned { public static function bootOwned() { static::addGlobalScope(new OwnedScope); } }
final class OwnedScope implements Scope {
    public function apply(Builder $builder, Model $model) { return Fleet::narrow($builder); }
}
"""
CODE = """<?php
namespace App\\Http;
use App\\Models\\Boat;
use App\\Models\\Logbook;
use App\\Models\\Ferry;
use App\\Models\\Pier;
class Harbour {{ private $kept = 7; private $set = 7; public function g($set) {{ $this->set = $set; }} public function f($fleet, $id, $name) {{ {} }} }}
"""
ESCAPED = ("violation", "TENORM011")
PROVEN, UNSCOPED, UNSEEN = ("proven", None), ("violation", "TENORM001"), ("opaque", "TENORM013")
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "a static method that begins a query of the tenant's": (
        "return Boat::ours()->where('id', $id)->first();",
        [PROVEN],
    ),
    "a scope that compares in text": ("return Boat::scope()->find($id);", [UNSEEN]),
    "a static method behind query()": ("return Boat::of($fleet)->find($id);", [PROVEN]),
    "a static method that compares something else": ("return Boat::named($name)->first();", [UNSCOPED]),
    "a static method that compares on some paths": ("return Boat::perhaps($fleet)->find($id);", [UNSEEN]),
    "a static method that compares with what was sent": ("return Boat::sent()->find($id);", [("weak", "TENCTX001")]),
    "a static method with an alternative": ("return Boat::either($fleet)->get();", [("violation", "TENORM006")]),
    "a static method with an alternative in a group": (
        "return Boat::oursOrOpen()->find($id);",
        [("violation", "TENORM006")],
    ),
    "groups whose queries are called the same": (
        "return Boat::where(function ($query) { $query->where(fn ($query) => $query->where('fleet_id', $fleet)); })->get();",
        [PROVEN],
    ),
    "a fleet that is written out": ("return Boat::where('fleet_id', 1)->get();", [("weak", "TENSQL007")]),
    "a row that is made is no query": ("(new Boat)->forceFill(['name' => $name])->saveQuietly();", []),
    "a static method along relations": ("return Logbook::ours()->where('id', $id)->first();", [PROVEN]),
    "a static method along relations that are not known": ("return Boat::unknown()->find($id);", [UNSEEN]),
    "rows that a static method keeps are a list": ("return Boat::kept()->where('id', $id)->first();", []),
    "rows that a static method gives are a list": ("return Boat::known()->where('id', $id)->first();", []),
    "a scope that an attribute marks": ("return Boat::afloat($fleet)->get();", [PROVEN]),
    "a method of the model's builder": ("return Boat::query()->inFleet($fleet)->find($id);", [PROVEN]),
    "a method of the builder that compares something else": ("return Boat::query()->wet()->get();", [UNSCOPED]),
    "a method of the builder, on some paths": ("return Boat::query()->maybeIn($fleet)->get();", [UNSEEN]),
    "the tenant's scope is taken away by name": ("return Ferry::withoutGlobalScope('ours')->find($id);", [ESCAPED]),
    "the tenant's scope is taken away among others": (
        "return Ferry::withoutGlobalScopes(['wet', 'ours'])->find($id);",
        [ESCAPED],
    ),
    "every scope is taken away": ("return Ferry::withoutGlobalScopes()->find($id);", [ESCAPED]),
    "a scope that is not known is taken away": ("return Ferry::withoutGlobalScope($name)->find($id);", [ESCAPED]),
    "a local scope takes another one away": ("return Ferry::anyWeather()->find($id);", [("weak", "TENORM014")]),
    "a local scope takes that of a class away, by another name": (
        "return Ferry::inAnyDock()->find($id);",
        [("weak", "TENORM014")],
    ),
    "a local scope takes the tenant's away": ("return Ferry::ofAnybody()->find($id);", [ESCAPED]),
    "a local scope takes all of them away": ("return Ferry::ofAll()->find($id);", [ESCAPED]),
    "another scope is taken away": ("return Ferry::withoutGlobalScope('wet')->find($id);", [("weak", "TENORM014")]),
    "that of deleted rows is taken away": (
        "return Ferry::withoutGlobalScope(SoftDeletingScope::class)->find($id);",
        [("weak", "TENORM014")],
    ),
    "the scope of a class is taken away": ("return Pier::withoutGlobalScope(OwnedScope::class)->find($id);", [ESCAPED]),
    "a property that stays what it is": (
        "return Boat::where('fleet_id', $this->kept)->get();",
        [("weak", "TENSQL007")],
    ),
    "a property that is set later": ("return Boat::where('fleet_id', $this->set)->get();", [PROVEN]),
    "a scope that hands its query to another class": (
        "return Pier::where('id', $id)->get();",
        [("weak", "TENORM014")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_model_puts_on_its_queries(name: str) -> None:
    body, expected = CASES[name]
    files = {
        "database/migrations/2025_01_01_1_create.php": MIGRATION,
        "app/Models/Models.php": MODELS,
        "app/Http/Harbour.php": CODE.format(body).encode(),
    }
    model = build_model(files, {"tenant_columns": ["fleet_id"]})
    facts = scan(sorted(files.items()), model)
    found = [(a.verdict, a.rule) for a in facts.accesses if a.path == "app/Http/Harbour.php"]
    assert found == expected
