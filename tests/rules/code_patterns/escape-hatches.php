<?php
class Sweep {
  public function run($id) {
    // ruleid: laravel-without-global-scope
    Boat::withoutGlobalScopes()->find($id);
    // ruleid: laravel-without-global-scope
    Boat::query()->withoutGlobalScope(TenantScope::class)->find($id);
    // ruleid: laravel-without-global-scope
    Boat::withoutTenancy()->find($id);
    // ok: laravel-without-global-scope
    Boat::query()->withoutGlobalScope(SoftDeletingScope::class)->find($id);
    // ok: laravel-without-global-scope
    Boat::where('tenant_id', $this->tenant)->find($id);
  }
}
