package staff

import (
	"context"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// accountByID returns an account, NotFound when there is none.
func accountByID(ctx context.Context, q store.Querier, id string) (Account, error) {
	a, err := store.One[Account](ctx, q, `SELECT * FROM staff WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return Account{}, errs.New(errs.NotFound, "staff.not_found", "there is no such account")
	}
	return a, err
}

// accountByLogin returns an account, NotFound when there is none.
func accountByLogin(ctx context.Context, q store.Querier, login string) (Account, error) {
	return store.One[Account](ctx, q, `SELECT * FROM staff WHERE login = ?`, login)
}

// listAccounts returns the accounts whose login, name or team contains search, by login.
func listAccounts(ctx context.Context, q store.Querier, search string, all bool) ([]Account, error) {
	var where store.Where
	if search != "" {
		like := "%" + escapeLike(search) + "%"
		where.And(`(LOWER(login) LIKE LOWER(?) ESCAPE '\' OR LOWER(name) LIKE LOWER(?) ESCAPE '\' OR LOWER(team) LIKE LOWER(?) ESCAPE '\')`, like, like, like)
	}
	if !all {
		where.And("active = ?", true)
	}
	return store.All[Account](ctx, q, `SELECT * FROM staff`+where.SQL()+` ORDER BY login LIMIT 1000`, where.Args()...)
}

// escapeLike makes s match itself in LIKE … ESCAPE '\'.
func escapeLike(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r == '%' || r == '_' || r == '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}

// updateAccount writes everything of an account that can change but its password.
func updateAccount(ctx context.Context, tx *store.Tx, a Account) error {
	_, err := tx.Exec(ctx, `UPDATE staff SET name = ?, role = ?, team = ?, email = ?, active = ?, updated_at = ? WHERE id = ?`,
		a.Name, string(a.Role), a.Team, a.Email, a.Active, a.UpdatedAt, a.ID)
	return err
}

// holdAdmins makes changes of accounts wait for each other, so that otherAdmins stays true until the end of the
// transaction.
func holdAdmins(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE staff SET role = role WHERE id = (SELECT MIN(id) FROM staff)`)
	return err
}

// otherAdmins returns how many open administrator accounts there are beside one.
func otherAdmins(ctx context.Context, q store.Querier, id string) (int64, error) {
	return store.One[int64](ctx, q, `SELECT COUNT(*) FROM staff WHERE role = ? AND active = ? AND id <> ?`, string(Admin), true, id)
}

// listAudit returns records newest first, below the cursor if there is one, of one person if she is named.
func listAudit(ctx context.Context, q store.Querier, staffID, below string, limit int) ([]Record, error) {
	var where store.Where
	if staffID != "" {
		where.And("staff_id = ?", staffID)
	}
	if below != "" {
		where.And("id < ?", below)
	}
	return store.All[Record](ctx, q, `SELECT * FROM audit`+where.SQL()+` ORDER BY id DESC LIMIT ?`, where.Args(limit)...)
}
