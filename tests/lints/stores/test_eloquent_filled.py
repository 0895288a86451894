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
    "updated": ("$boat->update($request->all());", [SENT]),
    "updated, the tenant not fillable": ("$pier->update($request->all());", []),
    "filled": ("$boat->fill($request->all())->save();", [SENT]),
    "filled by force": ("$pier->forceFill($request->all())->save();", [SENT]),
    "updated, where it was loaded": (
        "$b = Boat::where('fleet_id', $fleet->id)->find(1); $b->update($request->all());", [("proven", None), SENT]),
    "updated, where it was loaded, the tenant not fillable": (
        "$b = Pier::where('fleet_id', $fleet->id)->find(1); $b->update($request->all());", [("proven", None)]),
    "updated by one field": ("$boat->update(['name' => $request->name]);", []),
    "something else that is updated": ("$cart->update($request->all()); $cache->fill($request->all());", []),
}  # fmt: skip


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
