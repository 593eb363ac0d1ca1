package catalog

import (
	"context"
	"strings"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Categories returns all categories, each parent before its children, in their order.
func (s *Service) Categories(ctx context.Context) ([]Category, error) {
	return store.All[Category](ctx, s.db, `SELECT c.* FROM goods_categories c LEFT JOIN goods_categories p ON p.id = c.parent
		ORDER BY COALESCE(p.place, c.place), COALESCE(p.id, c.id), CASE WHEN c.parent = '' THEN 0 ELSE 1 END, c.place, c.id LIMIT 2000`)
}

// SaveCategory writes a category; an empty ID makes a new one. Categories have two levels.
func (s *Service) SaveCategory(ctx context.Context, c Category) (Category, error) {
	c.Name = strings.TrimSpace(c.Name)
	if c.Name == "" || utf8.RuneCountInString(c.Name) > 20 {
		return c, invalid("name", "category.name", "a category's name has 1 to 20 characters")
	}
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		if c.Parent != "" {
			p, err := store.One[Category](ctx, tx, `SELECT * FROM goods_categories WHERE id = ?`, c.Parent)
			if errs.Is(err, errs.NotFound) || err == nil && (p.Parent != "" || p.ID == c.ID) {
				return invalid("parent", "category.parent", "categories have two levels: %q cannot hold others", c.Parent)
			} else if err != nil {
				return err
			}
			children, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM goods_categories WHERE parent = ?`, c.ID)
			if err != nil {
				return err
			}
			if c.ID != "" && children > 0 {
				return invalid("parent", "category.parent", "categories have two levels: %q holds others itself", c.Name)
			}
		}
		if c.ID == "" {
			c.ID = id.New("cat")
			return store.Insert(ctx, tx, "goods_categories", c)
		}
		n, err := tx.Exec(ctx, `UPDATE goods_categories SET parent = ?, name = ?, picture = ?, place = ?, hidden = ? WHERE id = ?`, c.Parent, c.Name, c.Picture, c.Place, c.Hidden, c.ID)
		if err == nil && n == 0 {
			err = errs.New(errs.NotFound, "category.not_found", "there is no category %q", c.ID)
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE products SET category = ? WHERE code IN (SELECT s.code FROM skus s JOIN goods g ON g.id = s.goods_id WHERE g.category = ?)`, c.Name, c.ID)
		return err
	})
	return c, err
}

// DeleteCategory removes a category that holds neither goods nor categories; others are a Conflict.
func (s *Service) DeleteCategory(ctx context.Context, categoryID string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		held, err := store.One[int64](ctx, tx, `SELECT (SELECT COUNT(*) FROM goods WHERE category = ?) + (SELECT COUNT(*) FROM goods_categories WHERE parent = ?)`, categoryID, categoryID)
		if err != nil {
			return err
		}
		if held > 0 {
			return errs.New(errs.Conflict, "category.holds", "the category still holds %d", held).With("count", held)
		}
		n, err := tx.Exec(ctx, `DELETE FROM goods_categories WHERE id = ?`, categoryID)
		if err == nil && n == 0 {
			err = errs.New(errs.NotFound, "category.not_found", "there is no category %q", categoryID)
		}
		return err
	})
}
