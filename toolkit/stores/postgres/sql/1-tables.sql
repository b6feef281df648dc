-- Keys, groups and names are the bytes of their UTF-8: text cannot hold U+0000, and bytes have no collation.

CREATE TABLE {schema}.value (
    namespace text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    data bytea NOT NULL,
    expires double precision,
    "group" bytea,
    PRIMARY KEY (namespace, key)
);
CREATE INDEX ON {schema}.value (namespace, "group", key) WHERE "group" IS NOT NULL;
CREATE INDEX ON {schema}.value (expires) WHERE expires IS NOT NULL;

-- After a crash of the server the counters are empty. `due` is when a row may be swept, in units of 2^26 µs (67 s): an
-- index on a time that each update changes would keep updates from staying on their page. `seen` is the latest time that
-- the row was written at.
CREATE UNLOGGED TABLE {schema}.counter (
    namespace text COLLATE "C" NOT NULL,
    kind smallint NOT NULL,
    name bytea NOT NULL,
    key bytea NOT NULL,
    state bigint[] NOT NULL,
    due bigint NOT NULL,
    seen bigint NOT NULL,
    PRIMARY KEY (namespace, key, name, kind)
) WITH (fillfactor = 50);
CREATE INDEX ON {schema}.counter (due);

CREATE TABLE {schema}.log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    namespace text COLLATE "C" NOT NULL,
    name bytea NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    UNIQUE (namespace, name)
);
CREATE TABLE {schema}.event (
    log bigint NOT NULL REFERENCES {schema}.log ON DELETE CASCADE,
    number bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (log, number)
);
