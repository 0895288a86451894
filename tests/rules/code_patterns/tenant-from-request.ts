export function tenant(req, res, next) {
  // ruleid: tenant-context-from-request-js
  req.tenantId = req.headers["x-tenant-id"];
  const named = req.query.tenant;
  // ruleid: tenant-context-from-request-js
  setCurrentTenant(named);
  // ruleid: tenant-context-from-request-js
  storage.run({ tenantId: req.body.tenantId }, next);
  // ok: tenant-context-from-request-js
  req.tenantId = req.user.tenantId;
  // ok: tenant-context-from-request-js
  req.tenantId = verifyToken(req.headers.authorization).tenantId;
  // ok: tenant-context-from-request-js
  req.locale = req.headers["accept-language"];
}

function setup(cls: ClsService, req: Request) {
  // ruleid: tenant-context-from-request-js
  cls.set('organizationId', req.headers['organization-id']);
  // ok: tenant-context-from-request-js
  cls.set('organizationId', req.user.organizationId);
  // ok: tenant-context-from-request-js
  cls.set('language', req.headers['accept-language']);
}
