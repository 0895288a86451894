CREATE TABLE public.workspaces (id uuid PRIMARY KEY, name text NOT NULL, slug citext UNIQUE);
CREATE TABLE public.samples (id uuid PRIMARY KEY, workspace_id uuid NOT NULL REFERENCES public.workspaces (id) ON DELETE CASCADE, code text NOT NULL, tags text[], attrs jsonb, taken_at timestamptz, parent_id uuid, search tsvector GENERATED ALWAYS AS (to_tsvector('simple', code)) STORED, UNIQUE (workspace_id, code), UNIQUE (workspace_id, id), FOREIGN KEY (workspace_id, parent_id) REFERENCES public.samples (workspace_id, id));
CREATE TABLE public.results (id uuid PRIMARY KEY, workspace_id uuid NOT NULL REFERENCES public.workspaces (id), sample_id uuid NOT NULL, value numeric, at timestamptz, FOREIGN KEY (workspace_id, sample_id) REFERENCES public.samples (workspace_id, id));
CREATE TABLE public.comments (id uuid PRIMARY KEY, result_id uuid NOT NULL REFERENCES public.results (id), body text);
CREATE TABLE public.quotas (workspace_id uuid PRIMARY KEY REFERENCES public.workspaces (id), used int NOT NULL DEFAULT 0, max int NOT NULL);
CREATE TABLE archive.results (id uuid PRIMARY KEY, workspace_id uuid NOT NULL, value numeric);
CREATE VIEW public.latest AS SELECT DISTINCT ON (r.workspace_id, r.sample_id) r.* FROM public.results r ORDER BY r.workspace_id, r.sample_id, r.at DESC;
CREATE VIEW public.newest AS SELECT DISTINCT ON (r.sample_id) r.* FROM public.results r ORDER BY r.sample_id, r.at DESC;
