package audience

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
)

var (
	shanghai = mustZone("Asia/Shanghai")
	now      = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
)

func mustZone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

var (
	factNames  = []string{event.OrderPaid, event.OrderLine, event.PageViewed, "custom.thing"}
	categories = []string{"", "猫粮", "狗粮", "零食"}
	cities     = []string{"", "杭州", "上海"}
	products   = []string{"", "p1", "p2", "p3", "p4"}
	channels   = []string{"tmall", "douyin"}
)

func genFact(t *rapid.T) event.Fact {
	ago := rapid.Int64Range(-5*24*60, 90*24*60).Draw(t, "minutes ago") // some lie in the future
	if rapid.IntRange(0, 3).Draw(t, "midnight") == 0 {
		ago = ago / (24 * 60) * 24 * 60
	}
	return event.Fact{
		Name: rapid.SampledFrom(factNames).Draw(t, "name"), Customer: rapid.Uint32Range(1, 12).Draw(t, "customer"),
		At:     time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC).Add(-time.Duration(ago) * time.Minute),
		Amount: rapid.Int64Range(-3, 20).Draw(t, "amount"), Quantity: rapid.Int64Range(0, 5).Draw(t, "quantity"),
		Product: rapid.SampledFrom(products).Draw(t, "product"), Category: rapid.SampledFrom(categories).Draw(t, "category"),
		Channel: rapid.SampledFrom(channels).Draw(t, "channel"), Props: genProps(t),
	}
}

func genPerson(t *rapid.T) event.Attributes {
	a := event.Attributes{
		Gender: rapid.SampledFrom([]string{"f", "m", ""}).Draw(t, "gender"), City: rapid.SampledFrom(cities).Draw(t, "city"),
		Birthday: rapid.SampledFrom([]string{"", "0000-03-05", "1990-02-29", "1992-02-29", "2000-03-02", "2000-03-03", "2030-01-01"}).Draw(t, "birthday"),
		HasPhone: rapid.Bool().Draw(t, "phone"), HasEmail: rapid.Bool().Draw(t, "email"),
	}
	if a.Birthday == "1990-02-29" { // no such day
		a.Birthday = "1990-02-28"
	}
	if rapid.Bool().Draw(t, "registered") {
		a.Registered = now.AddDate(0, 0, -rapid.IntRange(0, 60).Draw(t, "registered ago"))
	}
	return a
}

func genBounds(t *rapid.T, low, high int64) Bounds {
	a, b := rapid.Int64Range(low, high).Draw(t, "a"), rapid.Int64Range(low, high).Draw(t, "b")
	a, b = min(a, b), max(a, b)
	switch rapid.IntRange(0, 2).Draw(t, "bounds") {
	case 0:
		return Bounds{Min: &a}
	case 1:
		return Bounds{Max: &a}
	}
	return Bounds{Min: &a, Max: &b}
}

func genWindow(t *rapid.T) *Window {
	switch rapid.IntRange(0, 2).Draw(t, "window") {
	case 0:
		return &Window{LastDays: rapid.IntRange(1, 100).Draw(t, "days")}
	case 1:
		return &Window{From: now.AddDate(0, 0, -rapid.IntRange(30, 90).Draw(t, "from")).Format(time.DateOnly), To: now.AddDate(0, 0, -rapid.IntRange(-3, 30).Draw(t, "to")).Format(time.DateOnly)}
	}
	return &Window{To: now.AddDate(0, 0, -rapid.IntRange(-3, 60).Draw(t, "to")).Format(time.DateOnly)}
}

func some(t *rapid.T, of []string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 1, 2, rapid.ID[string]).Draw(t, "values")
}

func genFilter(t *rapid.T) *Filter {
	f := &Filter{Category: some(t, categories)}
	if rapid.Bool().Draw(t, "product too") {
		f.Product = some(t, products)
	}
	if rapid.IntRange(0, 3).Draw(t, "amount only") == 0 {
		low := rapid.Int64Range(-3, 10).Draw(t, "at least")
		f.Category, f.MinAmount = nil, &low
	}
	if rapid.Bool().Draw(t, "channel too") {
		f.Channel = some(t, channels)
	}
	if rapid.IntRange(0, 2).Draw(t, "properties") == 0 {
		f = &Filter{Props: []Property{genProperty(t)}}
		if rapid.Bool().Draw(t, "two") {
			f.Props = append(f.Props, genProperty(t))
		}
		if rapid.Bool().Draw(t, "channel too") {
			f.Channel = some(t, channels)
		}
	}
	return f
}

func genStep(t *rapid.T) (string, *Filter) {
	fact := rapid.SampledFrom(factNames).Draw(t, "fact")
	if rapid.Bool().Draw(t, "filtered") {
		return fact, genFilter(t)
	}
	return fact, nil
}

func genSequence(t *rapid.T) *sequenceSpec {
	s := &sequenceSpec{}
	n := rapid.IntRange(1, 4).Draw(t, "steps")
	for i := range n {
		var one step
		one.Fact, one.Where = genStep(t)
		if i == 0 && rapid.IntRange(0, 2).Draw(t, "running") == 0 {
			one.DaysRunning = rapid.IntRange(1, 3).Draw(t, "days")
		}
		if i > 0 && rapid.Bool().Draw(t, "within") {
			one.Within = &Duration{Days: rapid.IntRange(0, 20).Draw(t, "days"), Hours: rapid.IntRange(0, 30).Draw(t, "hours"), Minutes: 1}
		}
		if i > 0 && i == n-1 {
			one.Not = rapid.Bool().Draw(t, "not")
		}
		if i > 0 && !one.Not && rapid.Bool().Draw(t, "without") {
			fact, where := genStep(t)
			one.Without = []absence{{fact, where}}
		}
		s.Steps = append(s.Steps, one)
	}
	if rapid.IntRange(0, 2).Draw(t, "windowed") == 0 {
		s.Window = genWindow(t)
	}
	if rapid.IntRange(0, 2).Draw(t, "same") == 0 {
		s.Same = rapid.SampledFrom([]string{"product", "category", "channel"}).Draw(t, "column")
	}
	return s
}

func genEdge(t *rapid.T) edgeSpec {
	s := edgeSpec{Fact: rapid.SampledFrom(factNames).Draw(t, "fact"), Where: genFilter(t)}
	if rapid.Bool().Draw(t, "windowed") {
		s.Window = genWindow(t)
	}
	return s
}

func (w *world) tag(_ context.Context, id string) (*roaring.Bitmap, error) {
	return roaring.BitmapOf(w.tags[id]...), nil
}

func genCondition(t *rapid.T, depth int) Condition {
	kinds := []string{"facts", "facts", "facts", "sequence", "sequence", "first", "last", "sessions", "top", "bucket", "tag", "attribute", "contact", "registered", "birthday", "age", "layer", "stage", "warning", "rfm", "segment", "everyone"}
	if depth > 0 {
		kinds = append(kinds, "and", "or", "not", "and", "or", "not")
	}
	c := Condition{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	switch c.Kind {
	case "and", "or":
		s := &listSpec{}
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			s.Of = append(s.Of, genCondition(t, depth-1))
		}
		c.Spec = s
	case "not":
		c.Spec = &notSpec{genCondition(t, depth-1)}
	case "facts":
		s := &factsSpec{Fact: rapid.SampledFrom(append(factNames, "never.seen")).Draw(t, "fact"), Measure: rapid.SampledFrom(measures).Draw(t, "measure")}
		if rapid.Bool().Draw(t, "windowed") {
			s.Window = genWindow(t)
		}
		if rapid.Bool().Draw(t, "filtered") {
			s.Where = genFilter(t)
		}
		s.Bounds = genBounds(t, -2, 30)
		if rapid.IntRange(0, 4).Draw(t, "of a property") == 0 {
			s.Measure, s.Property = rapid.SampledFrom(propertyMeasures).Draw(t, "measure"), rapid.SampledFrom(propNames).Draw(t, "property")
			s.Bounds, s.Value = Bounds{}, genRange(t)
		}
		c.Spec = s
	case "sequence":
		c.Spec = genSequence(t)
	case "first":
		c.Spec = &firstSpec{genEdge(t)}
	case "last":
		c.Spec = &lastSpec{genEdge(t)}
	case "sessions":
		c.Spec = genSessions(t)
	case "top":
		c.Spec = rapid.SampledFrom([]*topSpec{{By: "spent", Percent: 20}, {By: "orders", Count: 3}, {By: "spent", Percent: 100}}).Draw(t, "top")
	case "bucket":
		c.Spec = rapid.SampledFrom([]*bucketSpec{{Of: 2, In: []int{1}}, {Of: 3, In: []int{0, 2}, Salt: "盐"}}).Draw(t, "bucket")
	case "tag":
		c.Spec = &tagSpec{inSpec{some(t, []string{"tag_a", "tag_b", "tag_c"})}}
	case "attribute":
		c.Spec = rapid.SampledFrom([]*attributeSpec{{"gender", some(t, []string{"f", "m", ""})}, {"city", some(t, cities)}, {"level", []string{""}}}).Draw(t, "attribute")
	case "contact":
		c.Spec = &contactSpec{rapid.SampledFrom([]string{"phone", "email"}).Draw(t, "has")}
	case "registered":
		c.Spec = genWindow(t)
	case "birthday":
		c.Spec = &birthdaySpec{rapid.IntRange(1, 366).Draw(t, "next")}
	case "age":
		b := genBounds(t, 0, 50)
		c.Spec = &b
	case "layer":
		c.Spec = &layerSpec{inSpec{some(t, Layers)}}
	case "stage":
		c.Spec = &stageSpec{inSpec{some(t, Stages)}}
	case "warning":
		c.Spec = &warningSpec{inSpec{some(t, Warnings)}}
	case "rfm":
		r, m := genBounds(t, 1, 5), genBounds(t, 1, 5)
		c.Spec = rapid.SampledFrom([]*rfmSpec{{Class: some(t, Classes)}, {R: &r, M: &m}, {F: &r, Class: some(t, Classes)}}).Draw(t, "rfm")
	case "segment":
		c.Spec = &segmentSpec{rapid.SampledFrom([]string{"seg_a", "seg_b", "lst_a"}).Draw(t, "segment")}
	case "everyone":
		c.Spec = &everyoneSpec{}
	}
	return c
}

func (w *world) segment(_ context.Context, id string) (*Condition, *roaring.Bitmap, error) {
	if members, ok := w.lists[id]; ok {
		return nil, roaring.BitmapOf(members...), nil
	}
	c, ok := w.refs[id]
	if !ok {
		return nil, nil, errs.New(errs.NotFound, "segment.not_found", "there is no segment %s", id)
	}
	return &c, nil, nil
}

// load puts facts and people in both worlds.
func (w *world) load(t *rapid.T, tb testing.TB, to *warehouse.Warehouse, batch int) {
	var facts []event.Fact
	for range rapid.IntRange(1, 40).Draw(t, "facts") {
		f := genFact(t)
		f.ID = fmt.Sprintf("%d.%d", batch, len(facts))
		facts = append(facts, f)
		w.facts = append(w.facts, f)
	}
	for range rapid.IntRange(0, 6).Draw(t, "people") {
		n := rapid.Uint32Range(1, 12).Draw(t, "who")
		if w.people[n].Erased {
			continue
		}
		a := genPerson(t)
		a.Erased = rapid.IntRange(0, 9).Draw(t, "erased") == 0
		w.people[n] = a
		facts = append(facts, warehousetest.Person(n, now.Add(time.Duration(batch*100+len(facts))*time.Second), a))
	}
	warehousetest.Load(tb, to, facts...)
}

func (w *world) standings(t *rapid.T) *State {
	s := warehouse.NewState(12, w.asOf.UnixMicro())
	s.Layers, s.Stages, s.Classes = append(s.Layers, Layers...), append(s.Stages, Stages...), append(s.Classes, Classes...)
	for n := range uint32(12) {
		st := standing{
			layer: rapid.SampledFrom(Layers).Draw(t, "layer"), stage: rapid.SampledFrom(Stages).Draw(t, "stage"),
			class: rapid.SampledFrom(s.Classes).Draw(t, "class"), r: rapid.Int64Range(0, 5).Draw(t, "r"), f: rapid.Int64Range(0, 5).Draw(t, "f"), m: rapid.Int64Range(0, 5).Draw(t, "m"),
		}
		n++
		w.state[n] = st
		s.Present[n] = true
		s.Layer[n], s.Stage[n], s.Class[n] = at(s.Layers, st.layer), at(s.Stages, st.stage), at(s.Classes, st.class)
		st.spent, st.orders = rapid.Int64Range(0, 3).Draw(t, "spent"), rapid.Int32Range(0, 2).Draw(t, "orders")
		s.Spent[n], s.Orders[n] = st.spent, st.orders
		s.Warned[n] = rapid.Uint8Range(0, 15).Draw(t, "warned")
		for i, code := range Warnings {
			if s.Warned[n]>>i&1 == 1 {
				st.warnings = append(st.warnings, code)
			}
		}
		w.state[n] = st
		s.R[n], s.F[n], s.M[n] = uint8(st.r), uint8(st.f), uint8(st.m)
	}
	return s
}

func at(list []string, text string) uint8 {
	for i, s := range list {
		if s == text {
			return uint8(i)
		}
	}
	panic("no " + text)
}

// The engine, cold, warm and after more facts came, agrees with the naive evaluator on every person.
func TestEngineAgreesWithNaiveEvaluator(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{people: map[uint32]event.Attributes{}, state: map[uint32]standing{}, asOf: now, zone: shanghai}
		w.lists = map[string][]uint32{"lst_a": {2, 3, 5, 8, 40}}
		w.tags = map[string][]uint32{"tag_a": {1, 4, 9, 70}, "tag_b": {4, 5}}
		w.refs = map[string]Condition{}
		w.refs["seg_a"] = genCondition(rt, 0)
		for w.refs["seg_a"].Segments() != nil {
			w.refs["seg_a"] = genCondition(rt, 0)
		}
		w.refs["seg_b"] = Condition{"and", &listSpec{[]Condition{{"segment", &segmentSpec{"seg_a"}}, {"not", &notSpec{Condition{"segment", &segmentSpec{"lst_a"}}}}}}}
		wh := warehousetest.Memory(t)
		defer wh.Close()
		e := NewEngine(wh, shanghai)
		if err := wh.SaveState(t.Context(), w.standings(rt)); err != nil {
			rt.Fatal(err)
		}
		if _, err := e.State(t.Context()); err != nil { // who is erased later keeps her rank until the next snapshot
			rt.Fatal(err)
		}
		var conditions []Condition
		for range rapid.IntRange(1, 8).Draw(rt, "conditions") {
			conditions = append(conditions, genCondition(rt, 3))
		}
		for batch := range 3 {
			w.load(rt, t, wh, batch)
			if rapid.IntRange(0, 2).Draw(rt, "compacted") == 0 {
				if err := wh.Compact(t.Context()); err != nil {
					rt.Fatal(err)
				}
			}
			if batch == 2 {
				w.asOf = now.Add(48 * time.Hour)
			}
			check(rt, t, w, e, conditions)
			check(rt, t, w, e, conditions)
		}
	})
}

func check(rt *rapid.T, t *testing.T, w *world, e *Engine, conditions []Condition) {
	answer, err := e.Evaluate(t.Context(), w.asOf, Question{Conditions: conditions, Segment: w.segment, Tag: w.tag})
	if err != nil {
		rt.Fatal(err)
	}
	one := rapid.Uint32Range(1, 13).Draw(rt, "one")
	meets, err := e.Meets(t.Context(), w.asOf, one, Question{Conditions: conditions, Segment: w.segment, Tag: w.tag})
	if err != nil {
		rt.Fatal(err)
	}
	for i, c := range conditions {
		if meets[i] != w.holds(one, c) {
			rt.Fatalf("%s: %d alone: %v", c, one, meets[i])
		}
		want := []uint32{}
		for n := uint32(1); n <= 12; n++ {
			if w.holds(n, c) {
				want = append(want, n)
			}
		}
		if d := cmp.Diff(want, answer.People[i].ToArray()); d != "" {
			rt.Fatalf("%s\n%s", c, d)
		}
		if i == 0 { // asked alone by who knows nothing, the engine groups what it can
			alone := NewEngine(e.w, shanghai)
			alone.state = e.state
			single, err := alone.Evaluate(t.Context(), w.asOf, Question{Conditions: []Condition{c}, Segment: w.segment, Tag: w.tag})
			if err != nil {
				rt.Fatal(err)
			}
			if d := cmp.Diff(want, single.People[0].ToArray()); d != "" {
				rt.Fatalf("%s alone\n%s", c, d)
			}
		}
		again, err := ParseCondition([]byte(c.String()))
		if err != nil || again.String() != c.String() {
			rt.Fatalf("%s reads back as %s: %v", c, again, err)
		}
	}
}

// The engine and the warehouse's own SQL find the same people.
func TestEngineAgreesWithSQL(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{people: map[uint32]event.Attributes{}, state: map[uint32]standing{}, asOf: now, zone: shanghai}
		wh := warehousetest.Memory(t)
		defer wh.Close()
		e := NewEngine(wh, shanghai)
		if err := wh.SaveState(t.Context(), w.standings(rt)); err != nil {
			rt.Fatal(err)
		}
		w.load(rt, t, wh, 0)
		if err := wh.Compact(t.Context()); err != nil {
			rt.Fatal(err)
		}
		for range 10 {
			c := genCondition(rt, 2)
			query, err := e.PeopleSQL(c, now)
			if err != nil { // not everything is written as SQL
				continue
			}
			want, err := wh.Numbers(t.Context(), query)
			if err != nil {
				rt.Fatal(err)
			}
			answer, err := e.Evaluate(t.Context(), now, Question{Conditions: []Condition{c}})
			if err != nil {
				rt.Fatal(err)
			}
			if got := answer.People[0]; !got.Equals(want) {
				rt.Fatalf("%s: %v, SQL says %v: %s", c, got, want, query)
			}
		}
	})
}

// What later lines add to an order counts with it, cold, warm and in SQL: in sums and averages, not as an order.
func TestOrdersGrow(t *testing.T) {
	wh := warehousetest.Memory(t)
	defer wh.Close()
	e := NewEngine(wh, shanghai)
	paid := event.Fact{ID: "p", Name: event.OrderPaid, Customer: 1, At: now.AddDate(0, 0, -2), Amount: 100, Quantity: 1, Channel: "tmall"}
	second := event.Fact{ID: "p2", Name: event.OrderPaid, Customer: 1, At: now.AddDate(0, 0, -40), Amount: 50, Quantity: 1, Channel: "store"}
	more := event.Fact{ID: "a", Name: event.OrderAmended, Customer: 1, At: paid.At, Amount: 30, Quantity: 2, Channel: "tmall"}
	warehousetest.Load(t, wh, warehousetest.Person(1, now, event.Attributes{}), paid, second)
	between := func(measure string, exactly int64, rest string) Condition {
		c, err := ParseCondition(fmt.Appendf(nil, `{"kind":"facts","spec":{"fact":"order.paid","measure":%q,"min":%d,"max":%d%s}}`, measure, exactly, exactly, rest))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	holds := func(c Condition) {
		t.Helper()
		answer, err := e.Evaluate(t.Context(), now, Question{Conditions: []Condition{c}})
		if err != nil || !answer.People[0].Contains(1) {
			t.Errorf("%s does not hold: %v", c, err)
		}
		query, err := e.PeopleSQL(c, now)
		if err != nil {
			return // not written as SQL
		}
		if found, err := wh.Numbers(t.Context(), query); err != nil || !found.Contains(1) {
			t.Errorf("%s: SQL does not find it: %v: %s", c, err, query)
		}
	}
	recent := `,"window":{"last_days":7}`
	holds(between("amount", 150, ""))
	holds(between("average_amount", 75, ""))
	warehousetest.Load(t, wh, more)
	holds(between("amount", 180, ""))
	holds(between("amount", 130, recent))
	holds(between("amount", 130, `,"where":{"channel":["tmall"]}`))
	holds(between("quantity", 4, ""))
	holds(between("average_amount", 90, ""))
	holds(between("last_amount", 130, ""))
	holds(between("count", 2, ""))
	holds(between("count", 1, recent))
	holds(between("count", 1, `,"where":{"min_amount_fen":120}`))
}

func TestConditionErrorsNameThePath(t *testing.T) {
	for text, want := range map[string]string{
		`{"kind":"and","spec":{"of":[{"kind":"everyone","spec":{}},{"kind":"facts","spec":{"fact":"order.paid","window":{"last_days":-1},"min":1}}]}}`: "condition.spec.of[1].spec.window.last_days",
		`{"kind":"not","spec":{"of":{"kind":"layer","spec":{"in":["gold"]}}}}`:                                                                         "condition.spec.of.spec.in[0]",
		`{"kind":"facts","spec":{"fact":"order.paid"}}`:                                                                                                "condition.spec.min",
		`{"kind":"facts","spec":{"fact":"order.paid","min":"two"}}`:                                                                                    "condition.spec.min",
		`{"kind":"facts","spec":{"fact":"order.paid","min":1,"where":{}}}`:                                                                             "condition.spec.where",
		`{"kind":"facts","spec":{"fact":"order.paid","min":1,"within":3}}`:                                                                             "condition.spec.within",
		`{"kind":"facts","spec":{"fact":"order.paid","min":5,"max":1}}`:                                                                                "condition.spec.max",
		`{"kind":"attribute","spec":{"name":"shoe_size","in":["44"]}}`:                                                                                 "condition.spec.name",
		`{"kind":"registered","spec":{"from":"2026-02-30"}}`:                                                                                           "condition.spec.from",
		`{"kind":"rfm","spec":{"r":{"min":9}}}`:                                                                                                        "condition.spec.r.min",
		`{"kind":"facts","spec":{"fact":"page.viewed","min":1,"where":{"props":[{"name":"p","in":["a"],"is":true}]}}}`:                                 "condition.spec.where.props[0]",
		`{"kind":"facts","spec":{"fact":"page.viewed","min":1,"where":{"props":[{"name":"p","min":0.00001}]}}}`:                                        "condition.spec.where.props[0].min",
		`{"kind":"facts","spec":{"fact":"page.viewed","min":1,"where":{"props":[{"name":"","present":true}]}}}`:                                        "condition.spec.where.props[0].name",
		`{"kind":"facts","spec":{"fact":"page.viewed","measure":"property_sum","property":"p","min":1}}`:                                               "condition.spec.min",
		`{"kind":"facts","spec":{"fact":"page.viewed","measure":"property_max","property":"p"}}`:                                                       "condition.spec.value.min",
		`{"kind":"facts","spec":{"fact":"page.viewed","measure":"property_max","property":"p","value":{"min":2,"max":1}}}`:                             "condition.spec.value.max",
		`{"kind":"facts","spec":{"fact":"page.viewed","measure":"count","property":"p","min":1}}`:                                                      "condition.spec.property",
		`{"kind":"sessions","spec":{"min":1,"measure":"speed"}}`:                                                                                       "condition.spec.measure",
		`{"kind":"sessions","spec":{"min":1,"pages":{"min":3,"max":1}}}`:                                                                               "condition.spec.pages.max",
		`{"kind":"sessions","spec":{"min":1,"entry":{}}}`:                                                                                              "condition.spec.entry",
		`{"kind":"last","spec":{"fact":"touch.made"}}`:                                                                                                 "condition.spec.where",
		`{"kind":"first","spec":{"fact":7}}`:                                                                                                           "condition.spec.fact",
		`{"kind":"sequence","spec":{"same":"colour","steps":[{"fact":"page.viewed"}]}}`:                                                                "condition.spec.same",
		`{"kind":"and","spec":{"of":[]}}`:                                                                                                              "condition.spec.of",
		`{"kind":"sql","spec":{}}`:                                                                                                                     "condition.kind",
		`{"kind":"not","spec":{}}`:                                                                                                                     "condition.spec.of",
		`{"kind":"everyone","spec":{}} trailing`:                                                                                                       "condition",
		`nonsense`:                                                                                                                                     "condition",
	} {
		_, err := ParseCondition([]byte(text))
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || e.Field != want {
			t.Errorf("%s: field %v, want %s", text, err, want)
		}
	}
}

func parsed(t *testing.T, text string) Condition {
	t.Helper()
	c, err := ParseCondition([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOnlyWhatChangedIsRead(t *testing.T) {
	w := warehousetest.Open(t)
	e := NewEngine(w, shanghai)
	var facts []event.Fact
	for n := uint32(1); n <= 2000; n++ {
		facts = append(facts, warehousetest.Person(n, now, event.Attributes{City: cities[n%3]}), event.Fact{Name: event.OrderPaid, Customer: n, At: now.AddDate(0, 0, -int(n%60)), Amount: int64(n)})
	}
	warehousetest.Load(t, w, facts...)
	leafA := `{"kind":"facts","spec":{"fact":"order.paid","window":{"last_days":30},"min":1}}`
	leafB := `{"kind":"attribute","spec":{"name":"city","in":["杭州"]}}`
	both := func(a, b string) Condition {
		return parsed(t, `{"kind":"and","spec":{"of":[`+a+`,`+b+`]}}`)
	}
	ask := func(c Condition, read int) *roaring.Bitmap {
		t.Helper()
		a, err := e.Evaluate(t.Context(), now, Question{Conditions: []Condition{c}})
		if err != nil {
			t.Fatal(err)
		}
		if a.Read != read {
			t.Fatalf("read %d leaves, want %d", a.Read, read)
		}
		return a.People[0]
	}
	ask(both(leafA, leafB), 2)
	ask(both(leafA, leafB), 0)
	edited := `{"kind":"facts","spec":{"fact":"order.paid","window":{"last_days":31},"min":1}}`
	ask(both(edited, leafB), 1)
	before := ask(parsed(t, leafA), 0)
	warehousetest.Load(t, w, event.Fact{Name: event.OrderPaid, Customer: 59, At: now, Amount: 1}) // was 59 days ago
	after := ask(parsed(t, leafA), 1)
	if got := roaring.AndNot(after, before).ToArray(); !cmp.Equal(got, []uint32{59}) {
		t.Fatal("newly in it:", got)
	}
	ask(parsed(t, leafA), 0)
}

func TestSegmentCircleIsRefused(t *testing.T) {
	w := warehousetest.Open(t)
	e := NewEngine(w, shanghai)
	refs := map[string]Condition{"a": parsed(t, `{"kind":"segment","spec":{"id":"b"}}`), "b": parsed(t, `{"kind":"not","spec":{"of":{"kind":"segment","spec":{"id":"a"}}}}`)}
	_, err := e.Evaluate(t.Context(), now, Question{Conditions: []Condition{refs["a"]}, Segment: (&world{refs: refs}).segment})
	if errs.KindOf(err) != errs.Invalid {
		t.Fatal(err)
	}
}

// FuzzParseCondition: whatever comes, the answer is a classified error or a condition that reads back as itself.
func FuzzParseCondition(f *testing.F) {
	f.Add([]byte(`{"kind":"facts","spec":{"fact":"order.paid","where":{"category":["x"]},"window":{"last_days":3},"min":1}}`))
	f.Add([]byte(`{"kind":"or","spec":{"of":[{"kind":"rfm","spec":{"class":["keep"]}}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseCondition(text)
		if err != nil {
			if errs.KindOf(err) != errs.Invalid {
				t.Fatal(err)
			}
			return
		}
		again, err := ParseCondition([]byte(c.String()))
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		a, _ := json.Marshal(c)
		b, _ := json.Marshal(again)
		if string(a) != string(b) {
			t.Fatalf("%s became %s", a, b)
		}
	})
}
