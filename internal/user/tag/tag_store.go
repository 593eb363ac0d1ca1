package tag

import (
	"context"
	"encoding/json"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"
)

func byID(ctx context.Context, q store.Querier, id string) (Tag, error) {
	t, err := store.One[Tag](ctx, q, `SELECT * FROM tags WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return t, errs.New(errs.NotFound, "tag.not_found", "there is no tag %s", id)
	}
	return t, err
}

// put stores a tag's words; was is the version that the writer saw.
func put(ctx context.Context, tx *store.Tx, t Tag, was int64) error {
	texts := make([]string, 4)
	for i, v := range []any{t.Rule, t.Statistic, t.Keywords, t.Fuzzy} {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		texts[i] = string(text)
	}
	n, err := tx.Exec(ctx, `UPDATE tags SET group_id = ?, name = ?, note = ?, owner = ?, colour = ?, cycle = ?, rule = ?, statistic = ?, keywords = ?, fuzzy = ?,
		version = ?, updated_at = ?, archived = ? WHERE id = ? AND version = ?`, t.Group, t.Name, t.Note, t.Owner, t.Colour, string(t.Cycle),
		texts[0], texts[1], texts[2], texts[3], t.Version, t.UpdatedAt, t.Archived, t.ID, was)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "tag.changed", "somebody else has changed this tag; look at it again")
	}
	return err
}

// computed returns the tags of some kinds that are told by themselves and not put away, values of statistics left out.
func computed(ctx context.Context, q store.Querier, kind Kind) ([]Tag, error) {
	return store.All[Tag](ctx, q, `SELECT * FROM tags WHERE kind = ? AND archived = ? AND parent IS NULL ORDER BY id`, string(kind), false)
}

// valuesOf returns the values that a statistic has had, by value.
func valuesOf(ctx context.Context, q store.Querier, family string) (map[string]Tag, error) {
	all, err := store.All[Tag](ctx, q, `SELECT * FROM tags WHERE parent = ? ORDER BY id`, family)
	out := make(map[string]Tag, len(all))
	for _, t := range all {
		out[t.Value] = t
	}
	return out, err
}

// settled notes in the tag what a turn came to.
func settled(t Tag, turn audience.Turn) func(context.Context, *store.Tx, audience.DaySize) error {
	return func(ctx context.Context, tx *store.Tx, size audience.DaySize) error {
		moved := ""
		args := []any{size.Size, turn.At, t.Version}
		if size.Entered+size.Left > 0 {
			moved = ", moved_at = ?"
			args = append(args, turn.At)
		}
		_, err := tx.Exec(ctx, `UPDATE tags SET size = ?, as_of = ?, computed = ?`+moved+` WHERE id = ?`, append(args, t.ID)...)
		return err
	}
}
