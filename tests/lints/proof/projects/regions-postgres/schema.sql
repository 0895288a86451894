CREATE TABLE tenants (region text NOT NULL, tenant_no int NOT NULL, name text, PRIMARY KEY (region, tenant_no));
CREATE TABLE meters (
  region text NOT NULL, tenant_no int NOT NULL, meter_id bigint NOT NULL, label text,
  PRIMARY KEY (region, tenant_no, meter_id),
  FOREIGN KEY (region, tenant_no) REFERENCES tenants (region, tenant_no)
);
CREATE TABLE readings (
  id bigserial PRIMARY KEY, region text NOT NULL, tenant_no int NOT NULL, meter_id bigint NOT NULL, value numeric, at timestamptz,
  FOREIGN KEY (region, tenant_no) REFERENCES tenants (region, tenant_no),
  FOREIGN KEY (region, tenant_no, meter_id) REFERENCES meters (region, tenant_no, meter_id)
);
CREATE TABLE tariffs (
  id bigserial PRIMARY KEY, region text NOT NULL, tenant_no int NOT NULL, price numeric,
  FOREIGN KEY (region, tenant_no) REFERENCES tenants (region, tenant_no)
);
