<?php
class Tenancy {
  public function handle($request, $next) {
    // ruleid: tenant-context-from-request-php
    tenancy()->initialize($request->header('X-Tenant'));
    // ruleid: tenant-context-from-request-php
    $this->context->setTenantId($_GET['tenant']);
    $token = CompanyToken::where('token', $request->header('X-Token'))->first();
    // ok: tenant-context-from-request-php
    $this->context->setCompany($token->company);
    // ok: tenant-context-from-request-php
    tenancy()->initialize($request->user()->tenant);
    return $next($request);
  }
}
