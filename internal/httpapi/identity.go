package httpapi

import (
	"context"
	"strconv"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

// identityFace is a customer as far as deciding who is who needs it.
type identityFace struct {
	ID         string `json:"id"`
	Number     uint32 `json:"number"`
	Name       string `json:"name"`
	Phone      string `json:"phone"`
	Email      string `json:"email"`
	Gender     string `json:"gender" enum:",f,m"`
	Birthday   string `json:"birthday" doc:"YYYY-MM-DD; year 0000 when unknown"`
	City       string `json:"city"`
	Source     string `json:"source"`
	Orders     int64  `json:"orders"`
	SpentFen   int64  `json:"spent_fen"`
	MergedInto uint32 `json:"merged_into,omitempty" doc:"Number of the customer who stands for this one now"`
}

// identityConflict is a conflict with the people it is about.
type identityConflict struct {
	identity.Conflict
	People []identityFace `json:"people" doc:"The customers that a, b, decided and customers name"`
}

// identityMerge is a merge with the people it is about.
type identityMerge struct {
	identity.Merge
	FromName string `json:"from_name"`
	ToName   string `json:"to_name"`
}

// identityRules are the rules in force.
type identityRules struct {
	Rules   identity.Rules `json:"rules"`
	Version int64          `json:"version" doc:"0: the default, never changed; on writing the version that was read"`
}

// mergeOrder asks to merge a customer with another.
type mergeOrder struct {
	With   string `json:"with" minLength:"1" maxLength:"64" doc:"Id or number of the other; the customer made first stays, whichever is named first"`
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Kept with the merge"`
}

// erasure asks to forget a customer.
type erasure struct {
	Confirm string `json:"confirm" minLength:"1" maxLength:"64" doc:"The customer's id once more: an erasure cannot be undone"`
}

// faces returns the customers with the numbers.
func (a *API) faces(ctx context.Context, numbers ...uint32) (map[uint32]identityFace, error) {
	known, err := a.Services.Customers.ByNumbers(ctx, numbers)
	out := make(map[uint32]identityFace, len(known))
	for n, c := range known {
		out[n] = identityFace{c.ID, n, c.Name, c.Phone, c.Email, c.Gender, c.Birthday, c.City, c.Source, c.Orders, c.SpentFen, c.MergedInto}
	}
	return out, err
}

// withPeople adds who the conflicts are about.
func (a *API) withPeople(ctx context.Context, conflicts ...identity.Conflict) ([]identityConflict, error) {
	about := func(c identity.Conflict) []uint32 {
		return append([]uint32{c.A, c.B, c.Evidence.Decided}, c.Evidence.Customers...)
	}
	var numbers []uint32
	for _, c := range conflicts {
		numbers = append(numbers, about(c)...)
	}
	known, err := a.faces(ctx, numbers...)
	out := make([]identityConflict, len(conflicts))
	for i, c := range conflicts {
		out[i] = identityConflict{c, []identityFace{}}
		seen := map[uint32]bool{}
		for _, n := range about(c) {
			if f, ok := known[n]; ok && !seen[n] {
				seen[n] = true
				out[i].People = append(out[i].People, f)
			}
		}
	}
	return out, err
}

// withNames adds whom the merges are about.
func (a *API) withNames(ctx context.Context, merges ...identity.Merge) ([]identityMerge, error) {
	var numbers []uint32
	for _, m := range merges {
		numbers = append(numbers, m.From, m.To)
	}
	known, err := a.faces(ctx, numbers...)
	out := make([]identityMerge, len(merges))
	for i, m := range merges {
		out[i] = identityMerge{m, known[m.From].Name, known[m.To].Name}
	}
	return out, err
}

// registerIdentity: who is who.
func registerIdentity(a *API) {
	get(a, "/api/v1/identity/coverage", "get_identity_coverage", staff.IdentityRead, func(ctx context.Context, _ *struct{}) (identity.Overall, error) {
		return a.Services.Identity.Coverage(ctx)
	}, summary("How well customers are known: kinds of key, complete profiles, by source"))

	type known struct {
		Paging
		Kind     string `query:"kind" enum:"phone,unionid,email,openid,external_userid,card,external,user,device" doc:"A kind of key they have"`
		Lacking  string `query:"lacking" enum:"phone,unionid,email,openid,external_userid,card,external,user,device" doc:"A kind of key they do not have"`
		Complete string `query:"complete" enum:"yes,no" doc:"A complete profile, as the rules define it"`
		Source   string `query:"source" maxLength:"200" doc:"Source channel"`
	}
	get(a, "/api/v1/identity/people", "list_known_people", staff.IdentityRead, func(ctx context.Context, in *known) (Page[identityFace], error) {
		var after uint32
		if in.After != "" {
			n, err := strconv.ParseUint(in.After, 10, 32)
			if err != nil {
				return Page[identityFace]{}, errs.New(errs.Invalid, "identity.cursor", "this is no cursor of ours").At("after")
			}
			after = uint32(n)
		}
		numbers, total, err := a.Services.Identity.Known(ctx, identity.KnownFilter{Kind: in.Kind, Lacking: in.Lacking, Complete: in.Complete, Source: in.Source, After: after, Limit: in.Limit})
		if err != nil {
			return Page[identityFace]{}, err
		}
		faces, err := a.faces(ctx, numbers...)
		items := make([]identityFace, 0, len(numbers))
		for _, n := range numbers {
			items = append(items, faces[n])
		}
		next := ""
		if len(numbers) == in.Limit {
			next = strconv.FormatUint(uint64(numbers[len(numbers)-1]), 10)
		}
		return PageOf(items, next, total), err
	}, summary("The people behind a figure of the coverage, those made last at the top"))

	get(a, "/api/v1/identity/rules", "get_identity_rules", staff.IdentityRead, func(ctx context.Context, _ *struct{}) (identityRules, error) {
		rules, version, err := a.Services.Identity.Rules(ctx)
		return identityRules{rules, version}, err
	}, summary("When customers are merged, and what a complete profile has"))

	type change struct{ Body identityRules }
	put(a, "/api/v1/identity/rules", "set_identity_rules", staff.IdentityWrite, func(ctx context.Context, in *change) (identityRules, error) {
		version, err := a.Services.Identity.SetRules(ctx, in.Body.Rules, in.Body.Version, auth.From(ctx).ID)
		return identityRules{in.Body.Rules, version}, err
	}, summary("Say when customers are merged, and what a complete profile has"))

	type look struct{ Body identity.Rules }
	post(a, "/api/v1/identity/rules/preview", "preview_identity_rules", staff.IdentityRead, func(ctx context.Context, in *look) (identity.Effect, error) {
		return a.Services.Identity.Preview(ctx, in.Body)
	}, summary("What rules would come to with what is known today; changes nothing"))

	type conflicts struct {
		Paging
		State    string `query:"state" enum:"open,merged,apart,blocked" doc:"Left out: all"`
		Kind     string `query:"kind" enum:"disagree,shared_key,shared_device" doc:"Left out: all"`
		Customer uint32 `query:"customer" doc:"Customer number"`
	}
	get(a, "/api/v1/identity/conflicts", "list_identity_conflicts", staff.IdentityRead, func(ctx context.Context, in *conflicts) (Page[identityConflict], error) {
		found, next, total, err := a.Services.Identity.Conflicts(ctx, identity.ConflictFilter{State: in.State, Kind: in.Kind, Customer: in.Customer, After: in.After, Limit: in.Limit})
		if err != nil {
			return Page[identityConflict]{}, err
		}
		items, err := a.withPeople(ctx, found...)
		return PageOf(items, next, total), err
	}, summary("What a person must decide about who is who, seen last at the top"))

	one := func(ctx context.Context, c identity.Conflict, err error) (identityConflict, error) {
		if err != nil {
			return identityConflict{}, err
		}
		items, err := a.withPeople(ctx, c)
		return items[0], err
	}
	get(a, "/api/v1/identity/conflicts/{id}", "get_identity_conflict", staff.IdentityRead, func(ctx context.Context, in *ByID) (identityConflict, error) {
		c, err := a.Services.Identity.Conflict(ctx, in.ID)
		return one(ctx, c, err)
	}, summary("One conflict"))

	type decide struct {
		ByID
		Body identity.Decision
	}
	post(a, "/api/v1/identity/conflicts/{id}/decide", "decide_identity_conflict", staff.IdentityWrite, func(ctx context.Context, in *decide) (identityConflict, error) {
		c, err := a.Services.Identity.Decide(ctx, in.ID, in.Body, auth.From(ctx).ID)
		return one(ctx, c, err)
	}, summary("Decide a conflict: merge the two, keep them apart, or block a key"))

	type merges struct {
		Paging
		State    string `query:"state" enum:"active,undone" doc:"Left out: all"`
		Cause    string `query:"cause" enum:"keys,decision,hand" doc:"Left out: all"`
		Customer uint32 `query:"customer" doc:"Customer number"`
	}
	get(a, "/api/v1/identity/merges", "list_identity_merges", staff.IdentityRead, func(ctx context.Context, in *merges) (Page[identityMerge], error) {
		found, next, total, err := a.Services.Identity.Merges(ctx, identity.MergeFilter{State: in.State, Cause: in.Cause, Customer: in.Customer, After: in.After, Limit: in.Limit})
		if err != nil {
			return Page[identityMerge]{}, err
		}
		items, err := a.withNames(ctx, found...)
		return PageOf(items, next, total), err
	}, summary("Customers who went into others, the newest first"))

	type empty struct{ ByID }
	post(a, "/api/v1/identity/merges/{id}/undo", "undo_identity_merge", staff.IdentityWrite, func(ctx context.Context, in *empty) (identityMerge, error) {
		m, err := a.Services.Identity.Undo(ctx, in.ID, auth.From(ctx).ID)
		if err != nil {
			return identityMerge{}, err
		}
		items, err := a.withNames(ctx, m)
		return items[0], err
	}, summary("Take a merge back; the two are kept apart from now on"))

	get(a, "/api/v1/identity/blocked", "list_blocked_keys", staff.IdentityRead, func(ctx context.Context, in *Paging) (Page[customer.KeyRow], error) {
		items, next, err := a.Services.Identity.Blocked(ctx, in.After, in.Limit)
		return PageOf(items, next, -1), err
	}, summary("Keys that are used for nobody: blocked by a person, or devices of too many people"))

	type unblock struct{ Body customer.Key }
	post(a, "/api/v1/identity/unblock", "unblock_key", staff.IdentityWrite, func(ctx context.Context, in *unblock) (None, error) {
		return None{}, a.Services.Identity.Unblock(ctx, in.Body)
	}, summary("Let a key be used again"))

	type merge struct {
		ID   string `path:"id" maxLength:"64" doc:"Customer id, or number"`
		Body mergeOrder
	}
	post(a, "/api/v1/customers/{id}/merge", "merge_customer", staff.IdentityWrite, func(ctx context.Context, in *merge) (identityMerge, error) {
		m, err := a.Services.Identity.Merge(ctx, in.ID, in.Body.With, in.Body.Reason, auth.From(ctx).ID)
		if err != nil {
			return identityMerge{}, err
		}
		items, err := a.withNames(ctx, m)
		return items[0], err
	}, summary("Merge two customers by hand; it can be undone"))

	type erase struct {
		ID   string `path:"id" maxLength:"64" doc:"Customer id, or number"`
		Body erasure
	}
	post(a, "/api/v1/customers/{id}/erase", "erase_customer", staff.CustomersErase, func(ctx context.Context, in *erase) (identity.Erased, error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return identity.Erased{}, err
		}
		if in.Body.Confirm != c.ID {
			return identity.Erased{}, errs.New(errs.Invalid, "identity.erase_confirm", "the id of the customer is needed, so that nobody is erased by mistake").At("confirm")
		}
		return a.Services.Identity.Erase(ctx, c.ID)
	}, summary("Forget a customer for good, with everybody merged into her; orders stay without a name"))

	type graph struct {
		ID string `path:"id" maxLength:"64" doc:"Customer id, or number"`
	}
	get(a, "/api/v1/customers/{id}/identity", "get_customer_identity", staff.IdentityRead, func(ctx context.Context, in *graph) (identity.Graph, error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return identity.Graph{}, err
		}
		return a.Services.Identity.Graph(ctx, c.Number)
	}, summary("What a customer is known by, and who went into her"))
}
