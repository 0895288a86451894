"""HTTP routes, one module per aggregate. What another tenant owns does not exist: 404, never 403."""
