-- Who counts locks his counters first, in the order of `locks`, which is the same for everybody: nobody waits in a
-- circle. The locks are advisory, because a counter that does not exist yet has no row to lock; they end with the
-- transaction, after what it wrote is seen by others. The time is read after that.

CREATE FUNCTION {schema}.time(given bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(given, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
$$;

CREATE FUNCTION {schema}.lock(locks bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
BEGIN
    FOREACH number IN ARRAY locks LOOP
        PERFORM pg_advisory_xact_lock(number);
    END LOOP;
END
$$;

CREATE FUNCTION {schema}.write(
    in_namespace text, rate bigint[], of_name bytea, of_key bytea, new_state bigint[], now bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {schema}.counter AS held (namespace, kind, name, key, state, due, seen)
    VALUES (in_namespace, rate[1], of_name, of_key, new_state, {schema}.expiry(rate, new_state) / 67108864 + 1, now)
    ON CONFLICT (namespace, key, name, kind) DO UPDATE
    SET state = excluded.state, due = excluded.due, seen = greatest(held.seen, excluded.seen);
END
$$;

-- Claims in order, each on what those before it left; all are counted or none. `counters` says which counter (of names
-- and keys) a claim is on, `rates` has five numbers for each claim. Returns the time, and seven numbers for each claim:
-- whether it passes by itself (1 or 0), the state that it found, and the one that it left, as three numbers or nulls.
CREATE FUNCTION {schema}.reserve(
    in_namespace text, names bytea[], keys bytea[], locks bigint[], counters bigint[], rates bigint[], costs bigint[],
    shadows bigint[], counting boolean, given bigint
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    now bigint;
    told bigint[];
    states bigint[];
    rate bigint[];
    found bigint[];
    new bigint[];
    passes boolean := true;
    changed bigint[] := array_fill(0::bigint, ARRAY[cardinality(names)]);
    counter bigint;
BEGIN
    IF counting THEN
        PERFORM {schema}.lock(locks);
    END IF;
    now := {schema}.time(given);
    told := ARRAY[now];
    FOR i IN 1 .. cardinality(names) LOOP
        SELECT state INTO found FROM {schema}.counter
        WHERE namespace = in_namespace AND key = keys[i] AND name = names[i] AND kind = rates[5 * array_position(counters, i) - 4];
        states := states || ARRAY[found[1], found[2], found[3]];
    END LOOP;
    FOR i IN 1 .. cardinality(counters) LOOP
        counter := counters[i];
        rate := rates[5 * i - 4 : 5 * i];
        found := states[3 * counter - 2 : 3 * counter];
        IF found[1] IS NULL THEN
            new := {schema}.claimed(rate, NULL, now, costs[i]);
        ELSE
            new := {schema}.claimed(rate, found, now, costs[i]);
        END IF;
        passes := passes AND (new IS NOT NULL OR shadows[i] = 1);
        IF new IS NOT NULL THEN
            states[3 * counter - 2 : 3 * counter] := ARRAY[new[1], new[2], new[3]];
            changed[counter] := i;
        END IF;
        told := told || (new IS NOT NULL)::int::bigint || found || states[3 * counter - 2 : 3 * counter];
    END LOOP;
    IF passes AND counting THEN
        FOR i IN 1 .. cardinality(names) LOOP
            IF changed[i] > 0 THEN
                rate := rates[5 * changed[i] - 4 : 5 * changed[i]];
                PERFORM {schema}.write(in_namespace, rate, names[i], keys[i], states[3 * i - 2 : 3 * i], now);
            END IF;
        END LOOP;
    END IF;
    RETURN told;
END
$$;

-- By the latest time that a counter was written at: were it to follow a clock back, units that have come back by
-- themselves would be given back again.
CREATE FUNCTION {schema}.settle(
    in_namespace text, names bytea[], keys bytea[], locks bigint[], rates bigint[], marks bigint[], extras bigint[],
    given bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    now bigint;
    rate bigint[];
    stored record;
    new bigint[];
BEGIN
    PERFORM {schema}.lock(locks);
    now := {schema}.time(given);
    FOR i IN 1 .. cardinality(names) LOOP
        rate := rates[5 * i - 4 : 5 * i];
        SELECT state, greatest(seen, now) AS latest INTO stored FROM {schema}.counter
        WHERE namespace = in_namespace AND key = keys[i] AND name = names[i] AND kind = rate[1];
        new := {schema}.settled(rate, stored.state, coalesce(stored.latest, now), marks[3 * i - 2 : 3 * i], extras[i]);
        IF new IS NOT NULL THEN
            PERFORM {schema}.write(in_namespace, rate, names[i], keys[i], new, coalesce(stored.latest, now));
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION {schema}.reset(
    in_namespace text, of_name bytea, of_key bytea, lock bigint, rate bigint[], used bigint, given bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    now bigint;
    stored bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(lock);
    now := {schema}.time(given);
    SELECT state INTO stored FROM {schema}.counter
    WHERE namespace = in_namespace AND key = of_key AND name = of_name AND kind = rate[1];
    PERFORM {schema}.write(in_namespace, rate, of_name, of_key, {schema}.cleared(rate, stored, now, used), now);
END
$$;
