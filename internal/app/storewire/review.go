package storewire

import (
	"context"
	"fmt"
	"strings"

	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Reviewers implements review.People.
type Reviewers struct{ Points *loyalty.Service }

// Author implements review.People: the first character of her name.
func (Reviewers) Author(ctx context.Context, q store.Querier, number uint32) (string, error) {
	name, err := store.One[string](ctx, q, `SELECT name FROM customers WHERE number = ?`, number)
	if errs.Is(err, errs.NotFound) {
		return "", nil
	}
	for _, first := range name {
		return string(first) + "**", err
	}
	return "", err
}

// Reward implements review.People.
func (r Reviewers) Reward(ctx context.Context, tx *store.Tx, key string, number uint32, points int64, by string) error {
	_, err := r.Points.Earn(ctx, tx, loyalty.Earn{Key: key, Customer: number, Points: points, Reason: "review", By: by})
	return err
}

// Quotes implements review.Library by the content library.
type Quotes struct{ Contents *content.Service }

// Quote implements review.Library. What a customer wrote stays words: it names no variables and makes no links.
func (l Quotes) Quote(ctx context.Context, goods, author, text string, stars int64, by string) (string, error) {
	if author == "" {
		author = "一位顾客"
	}
	name := []rune(fmt.Sprintf("买家秀：%s", goods))
	c, err := l.Contents.Write(ctx, content.Draft{
		Name: content.Words{ZH: string(name[:min(len(name), 60)])}, Note: content.Words{ZH: fmt.Sprintf("%d 星评价，作者同意使用", stars)}, Layers: []string{},
		Bodies: []content.Body{{Language: "zh", Subject: "她们这样说", Text: "「" + plain(text) + "」\n\n—— " + plain(author)}},
	}, by)
	return c.ID, err
}

// plain makes a customer's words harmless where markup and variables are read: the signs that begin them become those that only look alike.
func plain(text string) string {
	return strings.NewReplacer("{", "｛", "}", "｝", "[", "［", "]", "］", "**", "＊＊", "\n# ", "\n", "\n- ", "\n· ", "\\", "＼").Replace(strings.Map(func(r rune) rune {
		if r >= 0xE000 && r <= 0xF8FF { // private use: what the library marks with
			return -1
		}
		return r
	}, text))
}
