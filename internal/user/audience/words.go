package audience

import (
	"context"
	"slices"
	"strings"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/warehouse"
)

// Word is a value that a condition may name, and how many facts (or versions of people) hold it.
type Word struct {
	Text  string `db:"word,text" json:"text"`
	Count int64  `db:"n" json:"count"`
}

// factWords are the columns of facts that Words knows, beside "fact" for their names.
var factWords = []string{"product", "category", "channel", "campaign", "strategy", "detail"}

// Words returns the values of a column that hold search in them, the most frequent first: "fact" for names of facts, a column of a
// facts filter, or an attribute. Builders offer them.
func (s *Service) Words(ctx context.Context, column, search string, limit int) ([]Word, error) {
	table := "facts"
	name := column
	switch {
	case column == "fact":
		name = "kind"
	case slices.Contains(attributeNames, column):
		table = "people"
	case !slices.Contains(factWords, column):
		return nil, errs.New(errs.Invalid, "segment.column", "there is no column %q", column).At("column")
	}
	all, err := warehouse.All[Word](ctx, s.engine.w, "SELECT "+name+" AS word, COUNT(*) AS n FROM "+table+" WHERE "+name+" <> 0 GROUP BY "+name+" ORDER BY n DESC, word")
	if err != nil {
		return nil, err
	}
	search = strings.ToLower(search)
	all = slices.DeleteFunc(all, func(w Word) bool { return !strings.Contains(strings.ToLower(w.Text), search) })
	return all[:min(limit, len(all))], nil
}
