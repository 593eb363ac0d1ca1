package httpapi

import (
	"context"
	"net/http"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
)

// roleInfo is a role and what it includes.
type roleInfo struct {
	Role        staff.Role        `json:"role"`
	Permissions []auth.Permission `json:"permissions"`
}

// registerStaff: accounts, roles, and the record of what staff did.
func registerStaff(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64"`
	}
	type search struct {
		Q   string `query:"q" maxLength:"100" doc:"Part of the login, name or team"`
		All bool   `query:"all" doc:"Closed accounts too"`
	}
	get(a, "/api/v1/staff", "list_staff", staff.StaffRead, func(ctx context.Context, in *search) (Page[staff.Account], error) {
		accounts, err := a.Services.Staff.List(ctx, in.Q, in.All)
		return PageOf(accounts, "", int64(len(accounts))), err
	}, summary("Accounts, by login"))

	type join struct{ Body staff.NewAccount }
	post(a, "/api/v1/staff", "create_staff", staff.StaffWrite, func(ctx context.Context, in *join) (staff.Issued, error) {
		return a.Services.Staff.Join(ctx, in.Body)
	}, summary("Open an account; the answer shows its one-time password, once"), status(http.StatusCreated))

	get(a, "/api/v1/staff/{id}", "get_staff", staff.StaffRead, func(ctx context.Context, in *ByID) (staff.Account, error) {
		return a.Services.Staff.Get(ctx, in.ID)
	}, summary("One account"))

	type change struct {
		ID   string `path:"id" maxLength:"64"`
		Body staff.Change
	}
	put(a, "/api/v1/staff/{id}", "change_staff", staff.StaffWrite, func(ctx context.Context, in *change) (staff.Account, error) {
		return a.Services.Staff.Change(ctx, in.ID, in.Body)
	}, summary("Change an account, or close it; what is left out stays"))

	post(a, "/api/v1/staff/{id}/password", "reset_staff_password", staff.StaffWrite, func(ctx context.Context, in *ByID) (staff.Issued, error) {
		if in.ID == auth.From(ctx).ID {
			return staff.Issued{}, errs.New(errs.Conflict, "staff.reset_self", "change your own password instead")
		}
		return a.Services.Staff.Reset(ctx, in.ID)
	}, summary("Give an account a new one-time password and end its sessions"))

	get(a, "/api/v1/roles", "list_roles", SignedIn, func(context.Context, *struct{}) (Page[roleInfo], error) {
		var all []roleInfo
		for _, r := range staff.Roles() {
			all = append(all, roleInfo{r, staff.Permissions(r)})
		}
		return PageOf(all, "", int64(len(all))), nil
	}, summary("The roles and what each includes"))

	type records struct {
		Paging
		StaffID string `query:"staff_id" maxLength:"64" doc:"Only what this person did"`
	}
	get(a, "/api/v1/audit", "list_audit", staff.AuditRead, func(ctx context.Context, in *records) (Page[staff.Record], error) {
		items, next, err := a.Services.Staff.Audit(ctx, in.StaffID, in.After, in.Limit)
		return PageOf(items, next, -1), err
	}, summary("What staff did, newest first"))
}
