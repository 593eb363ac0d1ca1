package httpapi

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/data/collect"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/warehouse/warehousetest"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

// segmentEdge is an edge with three customers, of whom the first two have paid.
func segmentEdge(t *testing.T) *edge {
	e := newEdge(t, Options{})
	w := warehousetest.Open(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	people := []identity.Sighting{
		{Person: customer.Person{Keys: []customer.Key{{Kind: customer.KeyPhone, Value: "13900000001"}}, Code: "a", Name: "=甲", RegisteredAt: now}},
		{Person: customer.Person{Keys: []customer.Key{{Kind: customer.KeyPhone, Value: "13900000002"}}, Code: "b", Name: "乙", RegisteredAt: now}},
		{Person: customer.Person{Keys: []customer.Key{{Kind: customer.KeyPhone, Value: "13900000003"}}, Code: "c", Name: "丙", RegisteredAt: now}},
	}
	who := identity.NewService(e.db, clock.System, nil, nil)
	var refs []customer.Ref
	err := e.db.Tx(t.Context(), func(tx *store.Tx) (err error) {
		refs, err = who.Resolve(t.Context(), tx, people, now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var facts []event.Fact
	for i, r := range refs {
		facts = append(facts, warehousetest.Person(r.Number, now, event.Attributes{City: "杭州", HasPhone: true}))
		if i < 2 {
			facts = append(facts, event.Fact{Name: event.OrderPaid, Customer: r.Number, At: now, Amount: 9900, Channel: "tmall"},
				event.Fact{Name: "event.Search", Customer: r.Number, At: now, Props: []byte(`{"keyword":"奶粉","hits":12,"phone":"13900000001","by":["voice","13900000001"]}`)})
		}
	}
	warehousetest.Load(t, w, facts...)
	e.api.Services.Segments = audience.NewService(e.db, audience.NewEngine(w, time.UTC), clock.System, nil)
	e.api.Services.Desk = collect.NewDesk(e.db, nil, nil, clock.System, time.UTC)
	e.signIn()
	return e
}

func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var out T
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return out
}

const paidOnce = `{"kind":"facts","spec":{"fact":"order.paid","min":1}}`

func TestSegmentFromEstimateToFile(t *testing.T) {
	e := segmentEdge(t)
	a := e.call("POST", "/api/v1/segments/estimate", `{"condition":{"kind":"not","spec":{"of":`+paidOnce+`}}}`)
	e.want(a, 200, "")
	estimate := decode[segmentEstimate](t, a)
	if estimate.People != 1 || estimate.Universe != 3 || len(estimate.Sample) != 1 || estimate.Sample[0].Name != "丙" {
		t.Fatal(a.body)
	}
	a = e.call("POST", "/api/v1/segments", `{"name":"下过单","condition":`+paidOnce+`}`)
	e.want(a, 201, "")
	seg := decode[audience.Segment](t, a)
	if seg.Size != 2 || seg.Kind != audience.Dynamic {
		t.Fatal(a.body)
	}
	path := "/api/v1/segments/" + seg.ID
	page := decode[Page[segmentPerson]](t, e.call("GET", path+"/people?limit=1", nil))
	if page.Total != 2 || len(page.Items) != 1 || page.Next == "" {
		t.Fatalf("%+v", page)
	}
	page = decode[Page[segmentPerson]](t, e.call("GET", path+"/people?limit=1&after="+page.Next, nil))
	if len(page.Items) != 1 || page.Items[0].Name != "乙" || page.Next != "" {
		t.Fatalf("%+v", page)
	}
	a = e.call("GET", path+"/people.csv", nil)
	e.want(a, 200, "")
	if !strings.HasPrefix(a.body, "\ufeffid,") || strings.Count(a.body, "\n") != 3 || !strings.Contains(a.body, ",'=甲,") {
		t.Fatal(a.body)
	}
	a = e.call("PUT", path, `{"name":"买过","version":1,"condition":{"kind":"facts","spec":{"fact":"order.paid","min":2}}}`)
	e.want(a, 200, "")
	e.want(e.call("PUT", path, `{"name":"买过","version":1,"condition":`+paidOnce+`}`), 409, "segment.changed")
	versions := decode[Page[audience.Version]](t, e.call("GET", path+"/versions", nil))
	sizes := decode[Page[audience.DaySize]](t, e.call("GET", path+"/sizes", nil))
	if len(versions.Items) != 2 || len(sizes.Items) != 1 || sizes.Items[0].Size != 0 {
		t.Fatalf("%+v %+v", versions, sizes)
	}
	e.want(e.call("POST", "/api/v1/segments/refresh", nil), 200, "")
	e.want(e.call("PUT", path+"/archived", `{"archived":true}`), 200, "")
	list := decode[Page[audience.Segment]](t, e.call("GET", "/api/v1/segments", nil))
	if len(list.Items) != 0 {
		t.Fatalf("%+v", list)
	}
}

func TestStaticSegmentsAndOverlap(t *testing.T) {
	e := segmentEdge(t)
	frozen := decode[audience.Segment](t, e.call("POST", "/api/v1/segments", `{"name":"冻结","kind":"static","condition":`+paidOnce+`}`))
	c, err := customer.Get(t.Context(), e.db, "2")
	if err != nil {
		t.Fatal(err)
	}
	a := e.call("POST", "/api/v1/segments", `{"name":"名单","kind":"static","customers":["`+c.ID+`"]}`)
	e.want(a, 201, "")
	list := decode[audience.Segment](t, a)
	if frozen.Kind != audience.Static || frozen.Size != 2 || list.Size != 1 {
		t.Fatal(frozen, list)
	}
	a = e.call("GET", "/api/v1/segments/overlap?ids="+frozen.ID+","+list.ID, nil)
	e.want(a, 200, "")
	if o := decode[segmentOverlaps](t, a); len(o.Shared) != 1 || o.Shared[0].People != 1 || o.Sizes[frozen.ID] != 2 {
		t.Fatal(a.body)
	}
	words := decode[Page[audience.Word]](t, e.call("GET", "/api/v1/segments/words?column=channel&q=TM", nil))
	if len(words.Items) != 1 || words.Items[0] != (audience.Word{Text: "tmall", Count: 2}) {
		t.Fatalf("%+v", words)
	}
	e.want(e.call("POST", "/api/v1/segments", `{"name":"x","kind":"static","customers":["cus_nobody"]}`), 422, "customer.not_found")
}

func TestPropertiesOfFactsAreOffered(t *testing.T) {
	e := segmentEdge(t)
	names := decode[Page[audience.PropertyName]](t, e.call("GET", "/api/v1/segments/properties?fact=event.Search", nil))
	want := []audience.PropertyName{
		{Name: "by", Count: 2, Types: []string{"list"}}, {Name: "hits", Count: 2, Types: []string{"number"}},
		{Name: "keyword", Count: 2, Types: []string{"text"}}, {Name: "phone", Count: 2, Types: []string{"text"}},
	}
	if d := cmp.Diff(want, names.Items); d != "" {
		t.Error(d)
	}
	for query, want := range map[string][]audience.Word{
		"property=keyword":     {{Text: "奶粉", Count: 2}},
		"property=keyword&q=x": {},
		"property=phone":       {}, // describes a person
		"property=by":          {{Text: "voice", Count: 2}},
	} {
		values := decode[Page[audience.Word]](t, e.call("GET", "/api/v1/segments/properties/values?fact=event.Search&"+query, nil))
		if d := cmp.Diff(want, values.Items); d != "" {
			t.Error(query, d)
		}
	}
	a := e.call("POST", "/api/v1/segments/estimate", `{"condition":{"kind":"facts","spec":{"fact":"event.Search","measure":"property_sum","property":"hits","value":{"min":12,"max":12.5}}}}`)
	e.want(a, 200, "")
	if n := decode[segmentEstimate](t, a).People; n != 2 {
		t.Error(n, "people searched with 12 hits, want 2")
	}
}

func TestSegmentErrorsNameThePath(t *testing.T) {
	e := segmentEdge(t)
	a := e.call("POST", "/api/v1/segments", `{"name":"x","condition":{"kind":"and","spec":{"of":[`+paidOnce+`,{"kind":"layer","spec":{"in":["gold"]}}]}}}`)
	e.want(a, 422, "segment.condition_invalid")
	if !strings.Contains(a.body, "condition.spec.of[1].spec.in[0]") {
		t.Fatal(a.body)
	}
	e.want(e.call("GET", "/api/v1/segments/seg_none", nil), 404, "segment.not_found")
	e.want(e.call("GET", "/api/v1/segments/seg_none/people.csv", nil), 404, "segment.not_found")
	e.want(e.call("GET", "/api/v1/segments?after=zzz", nil), 422, "segment.cursor")
}

func TestSegmentsAreComparedAndHeldAgainstEverybody(t *testing.T) {
	e := segmentEdge(t)
	paid := decode[audience.Segment](t, e.call("POST", "/api/v1/segments", `{"name":"下过单","condition":`+paidOnce+`,"live":true}`))
	if !paid.Live {
		t.Fatal("not live")
	}
	all := decode[audience.Segment](t, e.call("POST", "/api/v1/segments", `{"name":"全部","condition":{"kind":"everyone"}}`))
	profile := decode[audience.Profile](t, e.call("GET", "/api/v1/segments/"+paid.ID+"/profile", nil))
	if profile.People != 2 || profile.Universe != 3 || len(profile.Dimensions) != 1 || profile.Dimensions[0].Traits[0].Index != 100 {
		t.Fatalf("%+v", profile)
	}
	ids := "?ids=" + paid.ID + "," + all.ID
	got := decode[audience.Comparison](t, e.call("GET", "/api/v1/segments/compare"+ids, nil))
	if got.Union != 3 || len(got.Parts) != 2 || got.Parts[0].People != 2 || len(got.Parts[0].In) != 2 {
		t.Fatalf("%+v", got)
	}
	page := decode[Page[segmentPerson]](t, e.call("GET", "/api/v1/segments/compare/people"+ids+"&in="+all.ID, nil))
	if page.Total != 1 || page.Items[0].Name != "丙" {
		t.Fatalf("%+v", page)
	}
	e.want(e.call("POST", "/api/v1/segments", `{"name":"名单","kind":"static","customers":[],"live":true}`), 422, "segment.live")
}
