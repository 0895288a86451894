CREATE TABLE users (id uuid PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE organizations (id uuid PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE organization_members (organization_id uuid NOT NULL REFERENCES organizations (id), user_id uuid NOT NULL REFERENCES users (id), role text, PRIMARY KEY (organization_id, user_id));
CREATE TABLE workspaces (id uuid PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organizations (id), slug text NOT NULL, UNIQUE (organization_id, slug));
CREATE TABLE repositories (id uuid PRIMARY KEY, workspace_id uuid NOT NULL REFERENCES workspaces (id), name text, UNIQUE (workspace_id, name));
CREATE TABLE issues (id uuid PRIMARY KEY, workspace_id uuid NOT NULL REFERENCES workspaces (id), repository_id uuid NOT NULL REFERENCES repositories (id), title text, author_id uuid REFERENCES users (id));
CREATE TABLE comments (id uuid PRIMARY KEY, issue_id uuid NOT NULL REFERENCES issues (id), body text, author_id uuid REFERENCES users (id));
CREATE TABLE invoices (id uuid PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organizations (id), cents bigint);
CREATE TABLE api_keys (id uuid PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organizations (id), workspace_id uuid NOT NULL REFERENCES workspaces (id), hash text NOT NULL UNIQUE);
