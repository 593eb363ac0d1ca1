package httpapi

import (
	"testing"

	"huoshui/internal/marketing/launch"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
)

// Who starts a launch has it do what she may do herself, and nothing else.
func TestALaunchDoesForNobodyWhatSheMayNotDo(t *testing.T) {
	for _, c := range []struct {
		role staff.Role
		kind launch.Kind
		may  bool
	}{
		{staff.User, launch.SendMessage, true},
		{staff.User, launch.GiveCoupons, true},
		{staff.User, launch.OpenFlash, false},
		{staff.User, launch.OpenGroups, false},
		{staff.User, launch.OpenPresale, false},
		{staff.User, launch.ShowPage, false},
		{staff.Activity, launch.OpenFlash, true},
		{staff.Activity, launch.ShowPage, true},
	} {
		ctx := auth.With(t.Context(), auth.Staff{ID: "stf_1", Permissions: staff.Permissions(c.role)})
		err := mayLaunch(ctx, launch.Launch{Stages: []launch.Stage{{Actions: []launch.Action{{Kind: c.kind}}}}})
		if c.may != (err == nil) || err != nil && errs.KindOf(err) != errs.Denied {
			t.Errorf("%s starts what does %s: %v", c.role, c.kind, err)
		}
	}
}
