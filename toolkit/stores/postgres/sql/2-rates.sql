-- The arithmetic of toolkit/stores/rates.py, function by function: what is decided here is decided there.
--
-- A rate is {0, interval, capacity, 0, 0} (GCRA), {1, period, limit, slice, slices} (Sliding) or
-- {2, start, end, limit, 0} (Window); a state is an array as the tuples there are; null is fresh.
-- 4503599627370496 is 2^52, the HORIZON; 3600000000 µs are an hour; 100000000000 is FULL.

CREATE FUNCTION {schema}.expiry(rate bigint[], state bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE rate[1]
        WHEN 0 THEN state[1] + CASE WHEN state[2] = 0 THEN 0 ELSE rate[3] END
        WHEN 1 THEN (state[1] + 2) * rate[2]
        ELSE state[2] + 3600000000
    END
$$;

CREATE FUNCTION {schema}.live(rate bigint[], state bigint[], now bigint) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN {schema}.expiry(rate, state) > now THEN state END
$$;

CREATE FUNCTION {schema}.span(rate bigint[], units bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN units > 4503599627370496 / rate[2] THEN 4503599627370496 ELSE units * rate[2] END
$$;

CREATE FUNCTION {schema}.wrapped(refunded bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN refunded = 0 THEN 0 ELSE greatest(1, refunded % 4503599627370496) END
$$;

CREATE FUNCTION {schema}.counted(units bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT least(greatest(0, units), 100000000000)
$$;

-- {index, current, previous, slices left}
CREATE FUNCTION {schema}.rolled(rate bigint[], state bigint[], now bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    index bigint := now / rate[2];
    slices_left bigint := least(rate[5], (rate[2] - now % rate[2] + rate[4] - 1) / rate[4]);
BEGIN
    IF state IS NULL OR state[1] < index - 1 THEN
        RETURN ARRAY[index, 0, 0, slices_left];
    ELSIF state[1] > index THEN
        RETURN ARRAY[state[1], state[2], state[3], rate[5]];
    ELSIF state[1] = index THEN
        RETURN ARRAY[index, state[2], state[3], slices_left];
    END IF;
    RETURN ARRAY[index, 0, state[2], slices_left];
END
$$;

CREATE FUNCTION {schema}.newest(rate bigint[], state bigint[], now bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    stored bigint[] := {schema}.live(rate, state, now);
BEGIN
    RETURN CASE WHEN stored[1] >= rate[2] THEN stored ELSE ARRAY[rate[2], rate[3], 0] END;
END
$$;

-- The state that a claim leaves, or null if it is denied.
CREATE FUNCTION {schema}.claimed(rate bigint[], state bigint[], now bigint, cost bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    held bigint[];
    ahead bigint;
BEGIN
    IF rate[1] = 0 THEN
        held := coalesce({schema}.live(rate, state, now), ARRAY[now, 0]);
        ahead := greatest(0, held[1] - now) + {schema}.span(rate, cost);
        RETURN CASE WHEN ahead <= rate[3] THEN ARRAY[now + ahead, held[2]] END;
    ELSIF rate[1] = 1 THEN
        held := {schema}.rolled(rate, state, now);
        IF held[2] + (held[3] * held[4] + rate[5] - 1) / rate[5] + cost > rate[3] THEN
            RETURN NULL;
        END IF;
        RETURN ARRAY[held[1], held[2] + cost, held[3]];
    END IF;
    held := {schema}.newest(rate, state, now);
    RETURN CASE WHEN held[3] + cost <= rate[4] THEN ARRAY[held[1], greatest(held[2], now), held[3] + cost] END;
END
$$;

CREATE FUNCTION {schema}.settled(rate bigint[], state bigint[], now bigint, mark bigint[], extra bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    held bigint[];
    back bigint;
BEGIN
    IF rate[1] = 1 THEN
        held := {schema}.rolled(rate, state, now);
        RETURN CASE held[1] - mark[1]
            WHEN 0 THEN ARRAY[held[1], {schema}.counted(held[2] + extra), held[3]]
            WHEN 1 THEN ARRAY[held[1], held[2], {schema}.counted(held[3] + extra)]
            ELSE state
        END;
    ELSIF rate[1] = 2 THEN
        RETURN CASE
            WHEN state IS NULL OR state[1] <> mark[1] OR state[2] + 3600000000 <= now THEN state
            ELSE ARRAY[state[1], state[2], {schema}.counted(state[3] + extra)]
        END;
    END IF;
    held := {schema}.live(rate, state, now);
    IF extra > 0 THEN
        held := coalesce(held, ARRAY[now, 0]);
        RETURN ARRAY[now + least(greatest(0, held[1] - now) + {schema}.span(rate, extra), 4503599627370496), held[2]];
    ELSIF extra = 0 OR held IS NULL THEN
        RETURN CASE WHEN extra = 0 THEN state END;
    END IF;
    -- mod() keeps the sign of its first argument
    back := mark[1] - mod(mod(held[2] - mark[2], 4503599627370496) + 4503599627370496, 4503599627370496) - now;
    back := greatest(0, least(back, held[1] - now, {schema}.span(rate, -extra)));
    RETURN CASE WHEN back = 0 THEN state ELSE ARRAY[held[1] - back, {schema}.wrapped(held[2] + back)] END;
END
$$;

CREATE FUNCTION {schema}.cleared(rate bigint[], state bigint[], now bigint, used bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    held bigint[];
BEGIN
    IF rate[1] = 0 THEN
        held := coalesce({schema}.live(rate, state, now), ARRAY[now, 0]);
        RETURN ARRAY[
            now + {schema}.span(rate, used),
            CASE WHEN held[1] > now OR held[2] <> 0 THEN {schema}.wrapped(held[2] + rate[3]) ELSE 0 END
        ];
    ELSIF rate[1] = 1 THEN
        held := {schema}.rolled(rate, state, now);
        RETURN ARRAY[held[1], used, 0];
    END IF;
    held := {schema}.newest(rate, state, now);
    RETURN ARRAY[held[1] + 1, greatest(held[2], now), used];
END
$$;
