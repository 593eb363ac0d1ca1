package httpapi

import (
	"testing"
	"time"

	"huoshui/internal/app/identitywire"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

func TestIdentityOverTheEdge(t *testing.T) {
	e := segmentEdge(t) // customers 1 to 3 with a phone each
	who := identitywire.New(e.db, clock.System)
	e.api.Services.Identity, e.api.Services.Customers = who, customer.NewService(e.db)
	phone := func(n string) customer.Key { return customer.Key{Kind: customer.KeyPhone, Value: "1390000000" + n} }
	card := customer.Key{Kind: customer.KeyCard, Value: "c"}
	if err := e.db.Tx(t.Context(), func(tx *store.Tx) error {
		_, err := who.Resolve(t.Context(), tx, []identity.Sighting{
			{Person: customer.Person{Keys: []customer.Key{phone("2"), card}}, Source: "src"},
			{Person: customer.Person{Keys: []customer.Key{phone("1"), card}}, Source: "src", Traits: []identity.Trait{{Op: "set", Name: "pets", Value: []byte("2")}}},
			{Person: customer.Person{Keys: []customer.Key{{Kind: customer.KeyDevice, Value: "d"}}}, Source: "src"},
		}, time.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	all := decode[identity.Overall](t, e.call("GET", "/api/v1/identity/coverage", nil))
	if all.Customers != 3 || all.Strong != 3 || all.Visitors != 1 || all.OpenConflicts != 1 {
		t.Errorf("%+v", all)
	}
	page := decode[Page[identityConflict]](t, e.call("GET", "/api/v1/identity/conflicts?state=open", nil))
	if page.Total != 1 || len(page.Items[0].People) != 2 || page.Items[0].Kind != identity.Disagree || page.Items[0].KeyKind != "phone" {
		t.Fatalf("%+v", page)
	}
	path := "/api/v1/identity/conflicts/" + page.Items[0].ID
	e.want(e.call("POST", path+"/decide", `{"decision":"perhaps"}`), 422, "request.invalid")
	e.want(e.call("POST", path+"/decide", `{"decision":"block","key":{"kind":"card","value":"other"}}`), 422, "identity.key")
	e.want(e.call("POST", path+"/decide", `{"decision":"merge","note":"asked her"}`), 200, "")
	e.want(e.call("POST", path+"/decide", `{"decision":"merge"}`), 409, "identity.decided")
	merges := decode[Page[identityMerge]](t, e.call("GET", "/api/v1/identity/merges?state=active&customer=1", nil))
	if merges.Total != 1 || merges.Items[0].Cause != "decision" || merges.Items[0].FromName != "乙" || merges.Items[0].ToName != "=甲" {
		t.Fatalf("%+v", merges)
	}
	one, gone := decode[customerProfile](t, e.call("GET", "/api/v1/customers/1", nil)), decode[customerProfile](t, e.call("GET", "/api/v1/customers/2", nil))
	if one.MergedInto != "" || len(one.Keys) != 3 || string(one.Traits["pets"]) != "2" || gone.ID != one.ID || gone.MergedInto != one.ID {
		t.Errorf("%+v\n%+v", one, gone)
	}
	g := decode[identity.Graph](t, e.call("GET", "/api/v1/customers/2/identity", nil))
	if len(g.Keys) != 3 || g.Keys[0].Strength != 3 || len(g.Merges) != 1 {
		t.Errorf("%+v", g)
	}
	undo := "/api/v1/identity/merges/" + merges.Items[0].ID + "/undo"
	e.want(e.call("POST", undo, nil), 200, "")
	e.want(e.call("POST", undo, nil), 409, "identity.undone")
	e.want(e.call("POST", "/api/v1/customers/2/merge", `{"with":"3","reason":"by hand"}`), 200, "")
	e.want(e.call("POST", "/api/v1/customers/2/merge", `{"with":"3","reason":"by hand"}`), 409, "identity.merged")
	e.want(e.call("POST", "/api/v1/customers/2/merge", `{"with":"99","reason":"by hand"}`), 404, "customer.not_found")
	rules := decode[identityRules](t, e.call("GET", "/api/v1/identity/rules", nil))
	if rules.Version != 0 || !rules.Rules.AutoMerge {
		t.Errorf("%+v", rules)
	}
	e.want(e.call("PUT", "/api/v1/identity/rules", `{"rules":{"auto_merge":false,"shared_device":2,"shared_key":5,"complete":["phone"]},"version":0}`), 200, "")
	e.want(e.call("POST", "/api/v1/identity/unblock", `{"kind":"card","value":"c"}`), 404, "identity.not_blocked")
	e.want(e.call("GET", "/api/v1/identity/blocked", nil), 200, "")
}
