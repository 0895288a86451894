package a

func Tenant(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant := r.Header.Get("X-Tenant-ID")
		// ruleid: tenant-context-from-request-go
		ctx := context.WithValue(r.Context(), tenantKey, tenant)
		// ok: tenant-context-from-request-go
		ctx = context.WithValue(r.Context(), tenantKey, claims.TenantID)
		// ok: tenant-context-from-request-go
		ctx = context.WithValue(r.Context(), localeKey, r.Header.Get("Accept-Language"))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
