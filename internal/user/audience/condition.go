package audience

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"huoshui/internal/platform/errs"
)

// Condition is a question about a person, as a tree. In JSON every node is {"kind": …, "spec": {…}}:
//
//	everyone    {}                                      the universe
//	and, or     {"of": [condition, …]}                  at least one
//	not         {"of": condition}                       the universe without them
//	attribute   {"name": "city", "in": ["杭州", ""]}     gender province city source store owner level; "" is unknown
//	contact     {"has": "phone"}                        phone or email is known
//	registered  {"last_days": 30} | {"from": "2026-01-01", "to": "2026-01-31"}
//	birthday    {"next_days": 7}                        today counts as the first day
//	age         {"min": 20, "max": 39}                  whole years today; people of unknown year are not in it
//	layer       {"in": ["vip"]}                         as of the newest snapshot, like stage and rfm
//	stage       {"in": ["silent", "at_risk"]}
//	rfm         {"class": ["champion"], "r": {"min": 4}, "f": {…}, "m": {…}}
//	facts       {"fact": "order.paid", "where": {"category": ["猫粮"], "min_amount_fen": 100},
//	             "window": {"last_days": 30}, "measure": "count", "min": 2, "max": 5}
//	            {"fact": "event.Search", "where": {"props": [{"name": "keyword", "contains": ["奶粉"]}]}, "measure": "count", "min": 1}
//	            {"fact": "product.viewed", "measure": "property_sum", "property": "price", "value": {"min": 99.5}}, see property.go
//	sequence    {"steps": [{"fact": "cart.added"}, {"fact": "order.paid", "not": true, "within": {"hours": 2}}],
//	             "window": {"last_days": 30}}           what was done in a row, see sequence.go
//	first, last {"fact": "touch.made", "where": {…}, "window": {…}}   what the first or last such fact was like, see edge.go
//	sessions    {"measure": "count", "min": 3, "entry": {…}}   visits of the brand's own pages, see visits.go
//	top         {"by": "spent", "percent": 20}          the first of all who have any, or {"count": 500}, or whose value has {"min": …}, as of the newest snapshot
//	heat        {"min": 10, "max": 50}                  top by heat within bounds, in points
//	bucket      {"of": 10, "in": [0, 1], "salt": ""}    everybody falls into one of so many equal parts by chance, for ever the same
//	tag         {"in": ["tag_…"]}                       people who carry one of the tags
//	segment     {"id": "seg_…"}                         the people of another segment, or of a static list
//
// Days are calendar days of the business zone: "last n days" are today and the n−1 days before it. Dates are inclusive.
//
// NOT and "zero times" are told against the universe: everybody whose attributes the warehouse has and who is not
// erased, as of the watermark. A person who never did anything has done everything zero times; a number that only
// facts mention is nobody.
type Condition struct {
	Kind string `json:"kind" enum:"everyone,and,or,not,attribute,contact,registered,birthday,age,layer,stage,warning,rfm,facts,sequence,first,last,sessions,top,heat,bucket,tag,segment"`
	Spec any    `json:"spec"` // a pointer to the spec type of the kind
}

// The specs. A measure over no facts is 0 for count, days, amount, quantity and property_sum, so {"max": 0} finds who never did it; averages,
// first, last, since, property_min and property_max have no value then and no bound holds.
type (
	everyoneSpec struct{}
	listSpec     struct {
		Of []Condition `json:"of"`
	}
	notSpec struct {
		Of Condition `json:"of"`
	}
	attributeSpec struct {
		Name string   `json:"name"`
		In   []string `json:"in"`
	}
	contactSpec struct {
		Has string `json:"has"`
	}
	birthdaySpec struct {
		NextDays int `json:"next_days"`
	}
	inSpec struct {
		In []string `json:"in"`
	}
	rfmSpec struct {
		Class []string `json:"class,omitempty"`
		R     *Bounds  `json:"r,omitempty"`
		F     *Bounds  `json:"f,omitempty"`
		M     *Bounds  `json:"m,omitempty"`
	}
	factsSpec struct {
		Fact    string  `json:"fact"`
		Where   *Filter `json:"where,omitempty"`
		Window  *Window `json:"window,omitempty"`
		Measure string  `json:"measure,omitempty"`
		Bounds
		Property string `json:"property,omitempty"` // whose numbers the property_… measures look at
		Value    *Range `json:"value,omitempty"`    // what bounds them, instead of Bounds
	}
	segmentSpec struct {
		ID string `json:"id"`
	}
)

// Bounds are inclusive; a missing one does not bind.
type Bounds struct {
	Min *int64 `json:"min,omitempty"`
	Max *int64 `json:"max,omitempty"`
}

// Window is a stretch of days; the zero window is ever.
type Window struct {
	LastDays int    `json:"last_days,omitempty"`
	From     string `json:"from,omitempty"` // YYYY-MM-DD
	To       string `json:"to,omitempty"`   // inclusive
}

// Filter narrows facts: every column given must hold one of its values.
type Filter struct {
	Product   []string   `json:"product,omitempty"`
	Category  []string   `json:"category,omitempty"`
	Channel   []string   `json:"channel,omitempty"`
	Campaign  []string   `json:"campaign,omitempty"`
	Strategy  []string   `json:"strategy,omitempty"`
	Detail    []string   `json:"detail,omitempty"`
	MinAmount *int64     `json:"min_amount_fen,omitempty"`
	MaxAmount *int64     `json:"max_amount_fen,omitempty"`
	Props     []Property `json:"props,omitempty"` // all of them must hold
}

// Measures of facts. Money is fen. since_first and since_last are whole calendar days to today.
const (
	MeasureCount      = "count"
	MeasureDays       = "days" // distinct calendar days
	MeasureAmount     = "amount"
	MeasureQuantity   = "quantity"
	MeasureAverage    = "average_amount"
	MeasureFirst      = "first_amount" // of facts at the same first instant the greatest
	MeasureLast       = "last_amount"
	MeasureSinceFirst = "since_first"
	MeasureSinceLast  = "since_last"

	// Of the numbers of a property, over the facts that have one.
	MeasurePropertySum     = "property_sum"
	MeasurePropertyAverage = "property_average"
	MeasurePropertyMin     = "property_min"
	MeasurePropertyMax     = "property_max"
)

var measures = []string{MeasureCount, MeasureDays, MeasureAmount, MeasureQuantity, MeasureAverage, MeasureFirst, MeasureLast, MeasureSinceFirst, MeasureSinceLast}

var propertyMeasures = []string{MeasurePropertySum, MeasurePropertyAverage, MeasurePropertyMin, MeasurePropertyMax}

// Attributes a condition may ask for, by name.
var attributeNames = []string{"gender", "province", "city", "source", "store", "owner", "level"}

// Layers, Stages, Classes and Warnings are the codes that conditions may name, in the order people read them. A warning is a sign that
// somebody is about to leave; its place is its bit in State.Warned.
var (
	Layers   = []string{"vip", "potential", "new", "silent", "lost"}
	Stages   = []string{"new", "growing", "mature", "silent", "at_risk", "lost"}
	Classes  = []string{"champion", "develop", "keep", "win_back", "general_value", "general_develop", "general_keep", "general_win_back"}
	Warnings = []string{"pseudo_vip", "overdue", "at_risk", "never_bought"}
)

// Limits on what an operator may write.
const (
	maxDepth  = 12
	maxNodes  = 400
	maxValues = 10_000
	maxDays   = 36_500
)

// ParseCondition reads and checks a condition; an error names the path of the bad field, such as "of[1].window.last_days".
func ParseCondition(text []byte) (Condition, error) {
	nodes := 0
	return parse(text, "condition", 1, &nodes)
}

// UnmarshalJSON implements json.Unmarshaler with the checks of ParseCondition.
func (c *Condition) UnmarshalJSON(text []byte) (err error) {
	*c, err = ParseCondition(text)
	return err
}

// MarshalJSON implements json.Marshaler.
func (c Condition) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Kind string `json:"kind"`
		Spec any    `json:"spec"`
	}{c.Kind, c.Spec})
}

func invalid(path, format string, args ...any) error {
	return errs.New(errs.Invalid, "segment.condition_invalid", format, args...).At(path)
}

func parse(text []byte, path string, depth int, nodes *int) (Condition, error) {
	var raw struct {
		Kind string          `json:"kind"`
		Spec json.RawMessage `json:"spec"`
	}
	if *nodes++; *nodes > maxNodes || depth > maxDepth {
		return Condition{}, invalid(path, "a condition holds at most %d parts, nested at most %d deep", maxNodes, maxDepth)
	}
	if err := strict(text, path, &raw); err != nil {
		return Condition{}, err
	}
	if raw.Spec == nil {
		raw.Spec = []byte("{}")
	}
	c := Condition{Kind: raw.Kind}
	at := path + ".spec"
	switch raw.Kind {
	case "and", "or":
		var list struct {
			Of []json.RawMessage `json:"of"`
		}
		if err := strict(raw.Spec, at, &list); err != nil {
			return Condition{}, err
		}
		if len(list.Of) == 0 {
			return Condition{}, invalid(at+".of", "at least one condition is needed")
		}
		spec := &listSpec{}
		for i, one := range list.Of {
			child, err := parse(one, at+".of["+strconv.Itoa(i)+"]", depth+1, nodes)
			if err != nil {
				return Condition{}, err
			}
			spec.Of = append(spec.Of, child)
		}
		c.Spec = spec
		return c, nil
	case "not":
		var one struct {
			Of json.RawMessage `json:"of"`
		}
		if err := strict(raw.Spec, at, &one); err != nil {
			return Condition{}, err
		}
		child, err := parse(one.Of, at+".of", depth+1, nodes)
		c.Spec = &notSpec{Of: child}
		return c, err
	}
	spec, ok := leafSpecs[raw.Kind]
	if !ok {
		return Condition{}, invalid(path+".kind", "there is no condition of kind %q", raw.Kind)
	}
	c.Spec = spec()
	if err := strict(raw.Spec, at, c.Spec); err != nil {
		return Condition{}, err
	}
	return c, c.Spec.(checker).check(at)
}

// checker is a leaf's spec.
type checker interface {
	check(path string) error
}

var leafSpecs = map[string]func() any{
	"everyone":   func() any { return &everyoneSpec{} },
	"attribute":  func() any { return &attributeSpec{} },
	"contact":    func() any { return &contactSpec{} },
	"registered": func() any { return &Window{} },
	"birthday":   func() any { return &birthdaySpec{} },
	"age":        func() any { return &Bounds{} },
	"layer":      func() any { return &layerSpec{} },
	"stage":      func() any { return &stageSpec{} },
	"warning":    func() any { return &warningSpec{} },
	"rfm":        func() any { return &rfmSpec{} },
	"facts":      func() any { return &factsSpec{} },
	"sequence":   func() any { return &sequenceSpec{} },
	"first":      func() any { return &firstSpec{} },
	"last":       func() any { return &lastSpec{} },
	"sessions":   func() any { return &sessionsSpec{} },
	"top":        func() any { return &topSpec{} },
	"heat":       func() any { return &topSpec{By: "heat"} },
	"bucket":     func() any { return &bucketSpec{} },
	"tag":        func() any { return &tagSpec{} },
	"segment":    func() any { return &segmentSpec{} },
}

type layerSpec struct{ inSpec }

type stageSpec struct{ inSpec }

type warningSpec struct{ inSpec }

type tagSpec struct{ inSpec }

// embedded drops the names of embedded structs, which the decoder puts into its paths and nobody wrote.
var embedded = strings.NewReplacer("Bounds.", "", "inSpec.", "", "edgeSpec.", "")

// strict decodes JSON, refusing unknown fields and naming the path of what is wrong.
func strict(text []byte, path string, into any) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return invalid(path, "a value is needed")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			return invalid(path, "there is something after the end")
		}
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		if wrong.Field != "" {
			path += "." + embedded.Replace(wrong.Field)
		}
		return invalid(path, "a %s cannot be used here", wrong.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return invalid(path+"."+strings.Trim(name, `"`), "there is no such field")
	}
	return invalid(path, "this is not valid JSON")
}

// Segments returns the ids of the segments that a condition refers to.
func (c Condition) Segments() []string {
	var out []string
	c.walk(func(one Condition) {
		if s, ok := one.Spec.(*segmentSpec); ok && !slices.Contains(out, s.ID) {
			out = append(out, s.ID)
		}
	})
	return out
}

func (c Condition) walk(see func(Condition)) {
	see(c)
	switch s := c.Spec.(type) {
	case *listSpec:
		for _, child := range s.Of {
			child.walk(see)
		}
	case *notSpec:
		s.Of.walk(see)
	}
}

// Everyone is the condition that holds for the whole universe.
func Everyone() Condition { return Condition{Kind: "everyone", Spec: &everyoneSpec{}} }

// String is the condition's JSON, for logs and tests.
func (c Condition) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Sprintf("condition of kind %s: %v", c.Kind, err)
	}
	return string(text)
}
