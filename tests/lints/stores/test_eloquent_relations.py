"""Laravel's relations from a record: what a tenant has, what a row has, and what escapes it."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

MIGRATION = b"""<?php
return new class extends Migration {
    public function up(): void {
        Schema::create('fleets', function (Blueprint $table) { $table->id(); });
        Schema::create('users', function (Blueprint $table) { $table->id(); $table->foreignId('fleet_id')->constrained(); });
        Schema::create('boats', function (Blueprint $table) {
            $table->id(); $table->foreignId('fleet_id')->constrained(); $table->string('name'); });
        Schema::create('crews', function (Blueprint $table) { $table->id(); $table->foreignId('fleet_id')->constrained(); });
        Schema::create('boat_crew', function (Blueprint $table) {
            $table->foreignId('boat_id')->constrained(); $table->foreignId('crew_id')->constrained(); });
        Schema::create('logbooks', function (Blueprint $table) { $table->id(); $table->foreignId('boat_id')->constrained(); });
    }
};
"""
MODELS = b"""<?php
namespace App\\Models;
class Fleet extends Model {
    public function boats() { return $this->hasMany(Boat::class); }
    public function sweep() { $this->boats()->where('name', '')->delete(); }
}
class User extends Authenticatable { public function fleet() { return $this->belongsTo(Fleet::class); } }
class Boat extends Model {
    public function fleet() { return $this->belongsTo(Fleet::class); }
    public function logbooks() { return $this->hasMany(Logbook::class); }
    public function crews() { return $this->belongsToMany(Crew::class); }
}
class Crew extends Model {}
class Logbook extends Model { public function boat() { return $this->belongsTo(Boat::class); } }
"""
FILES = {"database/migrations/2024_01_01_fleet.php": MIGRATION, "app/Models/Fleet.php": MODELS}
MODEL = build_model(FILES, {"tenant_columns": ["fleet_id"]}, dialect="mysql")

CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "of a tenant": ("return $fleet->boats()->findOrFail($id);", [("proven", None)]),
    "of the caller's": ("return $request->user()->fleet->boats()->find($id);", [("proven", None)]),
    "of who is signed in": ("return auth()->user()->fleet->boats()->where('id', $id)->first();", [("proven", None)]),
    "a property": ("return $this->fleet->boats()->count();", [("proven", None)]),
    "made through it": ("return $fleet->boats()->create(['name' => $name]);", [("proven", None)]),
    "another way in": (
        "return $fleet->boats()->where('name', $name)->orWhere('id', $id)->first();", [("violation", "TENORM006")]
    ),
    "with more of the row between": ("return $fleet->boats()->withPivot('role')->limit(2)->get();", [("proven", None)]),
    "a scope that is given something": ("return $fleet->boats()->ofKind($kind)->get();", [("proven", None)]),
    "of a class in a variable": ("return $class::withTrashed()->find($id);", [("opaque", "TENORM013")]),
    "of a class in a property": ("return $this->model::findOrFail($id);", [("opaque", "TENORM013")]),
    "tied, whatever the class": ("return $class::where('fleet_id', $fleet->id)->first();", [("proven", None)]),
    "no query of a class in a variable": ("return $class::from($id) ?? $class::make($id)->get();", []),
    "rows that a client names are tied to a row": ("$boat->crews()->sync($request->input('crews'));", [("weak", "TENORM002")]),
    "a row that a client names is tied to a row": ("$boat->crews()->attach($request->crew_id);", [("weak", "TENORM002")]),
    "rows that are held are tied to a row": ("$boat->crews()->sync($crews);", []),
    "of rows of the tenant's": ("return Logbook::whereIn('boat_id', Boat::where('fleet_id', $fleet->id)->select('id'))->get();", [("proven", None)]),
    "of rows of anybody's": ("return Logbook::whereIn('boat_id', Boat::where('name', $name)->select('id'))->get();", [("violation", "TENORM001")]),
    "of rows of the tenant's, or others": ("return Logbook::whereIn('boat_id', Boat::where('fleet_id', $fleet->id)->orWhere('id', $id)->select('id'))->get();", [("violation", "TENORM006")]),
    "of rows that are put together": ("return Logbook::whereIn('boat_id', Boat::where($name)->select('id'))->get();", [("opaque", "TENORM013")]),
    "what only has the name of a relation": ("return $validator->boats()->toArray();", []),
    "of a row": ("return $boat->logbooks()->find($id);", [("weak", "TENORM002")]),
    "on some paths more": (
        "$logs = $boat->logbooks();\nif ($id) { $logs->where('id', $id); }\nreturn $logs->get();", [("weak", "TENORM002")]
    ),
    "tied on some paths only": (
        "$all = $thing->boats();\nif ($f) { $all->where('fleet_id', $f); }\nreturn $all->get();", [("weak", "TENORM002")]
    ),
    "many to many": ("return $boat->crews()->get();", [("weak", "TENORM002")]),
    "of what can't be seen": ("return $thing->logbooks()->first();", [("weak", "TENORM002")]),
    "no relation": ("return $this->client()->find($id); return $list->items()->first();", []),
    "a single row": ("return $boat->fleet()->first();", []),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_calls(code: str, expected: list[tuple[str, str | None]]) -> None:
    text = f"<?php\nnamespace App\\Http;\nclass Harbour {{ public function f($request, $id) {{\n{code}\n}} }}\n"
    rows = scan([("app/Http/Harbour.php", text.encode())], MODEL).accesses
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]


def test_a_model_reaches_its_own() -> None:
    rows = scan([("app/Models/Fleet.php", MODELS)], MODEL).accesses
    assert [(row.operation, row.verdict) for row in rows if row.function == "sweep"] == [("delete", "proven")]
