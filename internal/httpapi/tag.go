package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/marketing/experiment"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/tag"
)

// tagIn is a tag as a person writes it.
type tagIn struct {
	Group     string         `json:"group" maxLength:"64"`
	Name      string         `json:"name" minLength:"1" maxLength:"80"`
	Note      string         `json:"note,omitempty" maxLength:"500"`
	Owner     string         `json:"owner,omitempty" maxLength:"64" doc:"Staff id"`
	Kind      tag.Kind       `json:"kind" enum:"manual,import,rule,statistic,keyword,fuzzy"`
	Colour    string         `json:"colour,omitempty" enum:"water,ink,vip,potential,new,silent,lost,amber,red"`
	Cycle     tag.Cycle      `json:"cycle,omitempty" enum:",live,daily,monthly"`
	Rule      *conditionIn   `json:"rule,omitempty" doc:"Of a rule: the condition of segments"`
	Statistic *tag.Statistic `json:"statistic,omitempty"`
	Keywords  *tag.Keywords  `json:"keywords,omitempty"`
	Fuzzy     *tagFuzzyIn    `json:"fuzzy,omitempty"`
}

type tagFuzzyIn struct {
	HalfLifeDays float64         `json:"half_life_days"`
	Threshold    float64         `json:"threshold"`
	Evidence     []tagEvidenceIn `json:"evidence" minItems:"1" maxItems:"20"`
}

type tagEvidenceIn struct {
	Weight   float64       `json:"weight"`
	Rule     *conditionIn  `json:"rule,omitempty"`
	Keywords *tag.Keywords `json:"keywords,omitempty"`
}

func (in tagIn) draft() (d tag.Draft, err error) {
	d = tag.Draft{Group: in.Group, Name: in.Name, Note: in.Note, Owner: in.Owner, Kind: in.Kind, Colour: in.Colour, Cycle: in.Cycle,
		Statistic: in.Statistic, Keywords: in.Keywords}
	if d.Rule, err = in.Rule.parse(); err != nil || in.Fuzzy == nil {
		return d, err
	}
	d.Fuzzy = &tag.Fuzzy{HalfLifeDays: in.Fuzzy.HalfLifeDays, Threshold: in.Fuzzy.Threshold}
	for _, e := range in.Fuzzy.Evidence {
		rule, err := e.Rule.parse()
		if err != nil {
			return d, err
		}
		d.Fuzzy.Evidence = append(d.Fuzzy.Evidence, tag.Evidence{Weight: e.Weight, Rule: rule, Keywords: e.Keywords})
	}
	return d, nil
}

// tagMarkIn says whom a tag is put on, or taken off.
type tagMarkIn struct {
	Remove    bool     `json:"remove,omitempty"`
	Customers []string `json:"customers,omitempty" maxItems:"5000" doc:"Ids or numbers"`
	Segment   string   `json:"segment,omitempty" maxLength:"64"`
	DryRun    bool     `json:"dry_run,omitempty" doc:"Only say how many would change"`
	Expect    *int64   `json:"expect,omitempty" doc:"How many the person was told; needed with a segment"`
}

// tagAudit is an audit with its precision and, when one is asked for, its sample.
type tagAudit struct {
	tag.Audit
	Precision experiment.Interval `json:"precision" doc:"Share of right ones with its 95% interval (Wilson)"`
	Sample    []tagSampled        `json:"sample"`
}

type tagSampled struct {
	tag.Verdict
	Person *segmentPerson `json:"person,omitempty" doc:"Left out when erased"`
}

func audited(a tag.Audit) tagAudit {
	return tagAudit{Audit: a, Precision: experiment.Wilson(a.Right, a.Judged, 0.95), Sample: []tagSampled{}}
}

// heatView is the definition of heat in force.
type heatView struct {
	tag.Heat
	Version int64 `json:"version"`
}

// newcombe is the difference of two shares with its 95% interval.
func newcombe(reached, reachedBought, held, heldBought int64) (lift, low, high float64) {
	i := experiment.Newcombe(experiment.Outcome{People: reached, Converted: reachedBought}, experiment.Outcome{People: held, Converted: heldBought}, 0.95)
	return i.Estimate, i.Low, i.High
}

// registerTag: groups, tags, who carries them and why, and what they are worth.
func registerTag(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64"`
	}
	type none struct{}
	get(a, "/api/v1/tag-groups", "list_tag_groups", staff.TagsRead, func(ctx context.Context, _ *none) (Page[tag.Group], error) {
		items, err := a.Services.Tags.Groups(ctx)
		return PageOf(items, "", int64(len(items))), err
	}, summary("Groups of tags and their categories"))
	type group struct {
		Body struct {
			Name   string `json:"name" minLength:"1" maxLength:"80"`
			Parent string `json:"parent,omitempty" maxLength:"64"`
		}
	}
	post(a, "/api/v1/tag-groups", "create_tag_group", staff.TagsWrite, func(ctx context.Context, in *group) (tag.Group, error) {
		return a.Services.Tags.AddGroup(ctx, in.Body.Name, in.Body.Parent)
	}, summary("Make a group, or a category of one"), status(http.StatusCreated))
	type rename struct {
		ByID
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"80"`
		}
	}
	put(a, "/api/v1/tag-groups/{id}", "rename_tag_group", staff.TagsWrite, func(ctx context.Context, in *rename) (tag.Group, error) {
		return a.Services.Tags.RenameGroup(ctx, in.ID, in.Body.Name)
	}, summary("Rename a group"))
	del(a, "/api/v1/tag-groups/{id}", "delete_tag_group", staff.TagsWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Tags.DropGroup(ctx, in.ID)
	}, summary("Take away an empty group"))

	type list struct {
		Archived bool `query:"archived" doc:"Those put away instead"`
	}
	get(a, "/api/v1/tags", "list_tags", staff.TagsRead, func(ctx context.Context, in *list) (Page[tag.Tag], error) {
		items, err := a.Services.Tags.List(ctx, in.Archived)
		return PageOf(items, "", int64(len(items))), err
	}, summary("All tags, by group and name"))
	type creation struct{ Body tagIn }
	post(a, "/api/v1/tags", "create_tag", staff.TagsWrite, func(ctx context.Context, in *creation) (tag.Tag, error) {
		d, err := in.Body.draft()
		if err != nil {
			return tag.Tag{}, err
		}
		return a.Services.Tags.Create(ctx, d, auth.From(ctx).ID)
	}, summary("Make a tag; who carries a rule's tag is told at once"), status(http.StatusCreated))
	get(a, "/api/v1/tags/{id}", "get_tag", staff.TagsRead, func(ctx context.Context, in *ByID) (tag.Tag, error) {
		return a.Services.Tags.Get(ctx, in.ID)
	}, summary("One tag"))
	type change struct {
		ByID
		Body struct {
			tagIn
			Version int64 `json:"version" doc:"The version that was read; another writer's change is a conflict"`
		}
	}
	put(a, "/api/v1/tags/{id}", "change_tag", staff.TagsWrite, func(ctx context.Context, in *change) (tag.Tag, error) {
		d, err := in.Body.draft()
		if err != nil {
			return tag.Tag{}, err
		}
		return a.Services.Tags.Change(ctx, in.ID, in.Body.Version, d, auth.From(ctx).ID)
	}, summary("Change a tag; its kind stays"))
	type archive struct {
		ByID
		Body struct {
			Archived bool `json:"archived"`
		}
	}
	put(a, "/api/v1/tags/{id}/archived", "archive_tag", staff.TagsWrite, func(ctx context.Context, in *archive) (tag.Tag, error) {
		return a.Services.Tags.Archive(ctx, in.ID, in.Body.Archived)
	}, summary("Put a tag away, or take it back"))
	get(a, "/api/v1/tags/{id}/sizes", "list_tag_sizes", staff.TagsRead, func(ctx context.Context, in *ByID) (Page[audience.DaySize], error) {
		items, err := a.Services.Tags.History(ctx, in.ID)
		return PageOf(items, "", int64(len(items))), err
	}, summary("How many carried a tag by day, oldest first"))
	registerTagPeople(a)
	registerTagWorth(a)
}

// registerTagPeople: who carries tags.
func registerTagPeople(a *API) {
	type people struct {
		ID string `path:"id" maxLength:"64"`
		Paging
	}
	get(a, "/api/v1/tags/{id}/people", "list_tag_people", staff.CustomersRead, func(ctx context.Context, in *people) (Page[segmentPerson], error) {
		all, err := a.Services.Tags.Carriers(ctx, in.ID)
		if err != nil {
			return Page[segmentPerson]{}, err
		}
		numbers, next, err := pageOfPeople(all, in.After, in.Limit)
		if err != nil {
			return Page[segmentPerson]{}, err
		}
		items, err := a.segmentPeople(ctx, numbers)
		return PageOf(items, next, int64(all.GetCardinality())), err
	}, summary("Who carries a tag"))

	type mark struct {
		ID   string `path:"id" maxLength:"64"`
		Body tagMarkIn
	}
	post(a, "/api/v1/tags/{id}/people", "mark_people", staff.TagsMark, func(ctx context.Context, in *mark) (tag.Marked, error) {
		return a.markPeople(ctx, in.ID, in.Body)
	}, summary("Put a tag on people by hand, or take it off"))

	raw(a, http.MethodPost, "/api/v1/tags/import", "import_tags", staff.TagsMark, "application/json", func(w http.ResponseWriter, r *http.Request) error {
		out, err := a.Services.Tags.FileFrom(r.Context(), r.Body, auth.From(r.Context()).ID)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(out)
	}, summary("Put tags on the people of a CSV or XLSX file: what they are known by, and the names of tags"), maxBody(20<<20))

	type ByCustomer struct {
		ID string `path:"id" maxLength:"64" doc:"Customer id, or number"`
	}
	get(a, "/api/v1/customers/{id}/tags", "list_customer_tags", staff.TagsRead, func(ctx context.Context, in *ByCustomer) (Page[tag.Carried], error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return Page[tag.Carried]{}, err
		}
		items, err := a.Services.Tags.Of(ctx, c.Number)
		return PageOf(items, "", int64(len(items))), err
	}, summary("The tags of a customer, why and since when"))
	type pin struct {
		ByCustomer
		Tag  string `path:"tag" maxLength:"64"`
		Body struct {
			Verdict string `json:"verdict" enum:",yes,no" doc:"Empty takes a decision back"`
		}
	}
	put(a, "/api/v1/customers/{id}/tags/{tag}", "pin_customer_tag", staff.TagsMark, func(ctx context.Context, in *pin) (None, error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return None{}, err
		}
		return None{}, a.Services.Tags.Pin(ctx, in.Tag, c.Number, in.Body.Verdict, auth.From(ctx).ID)
	}, summary("Confirm or deny a fuzzy tag of a customer"))
}

func (a *API) markPeople(ctx context.Context, id string, in tagMarkIn) (tag.Marked, error) {
	people := roaring.New()
	switch {
	case (in.Segment == "") == (len(in.Customers) == 0):
		return tag.Marked{}, errs.New(errs.Invalid, "tag.whom", "either customers or a segment").At("customers")
	case in.Segment != "" && in.Expect == nil && !in.DryRun:
		return tag.Marked{}, errs.New(errs.Invalid, "tag.expect", "ask first how many would change").At("expect")
	case in.Segment != "":
		var err error
		if people, err = a.Services.Segments.Resolve(ctx, "segment", in.Segment); err != nil {
			return tag.Marked{}, err
		}
	}
	for _, one := range in.Customers {
		c, err := a.Services.Customers.Get(ctx, one)
		if err != nil {
			return tag.Marked{}, err
		}
		people.Add(c.Number)
	}
	expect := int64(-1)
	if in.Expect != nil {
		expect = *in.Expect
	}
	return a.Services.Tags.Mark(ctx, id, people, !in.Remove, expect, in.DryRun, tag.Why{Code: "hand", By: auth.From(ctx).ID})
}

// registerTagWorth: what tags are worth, whether they are right, and the heat of people.
func registerTagWorth(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64"`
	}
	type none struct{}
	get(a, "/api/v1/tag-worth", "list_tag_worth", staff.TagsRead, func(ctx context.Context, _ *none) (Page[tag.Worth], error) {
		items, err := a.Services.Tags.Worths(ctx)
		return PageOf(items, "", int64(len(items))), err
	}, summary("Coverage, use, near-duplicates and flags of all tags"))
	get(a, "/api/v1/tags/{id}/effects", "list_tag_effects", staff.TagsRead, func(ctx context.Context, in *ByID) (Page[tag.Effect], error) {
		items, err := a.Services.Tags.Effects(ctx, in.ID, newcombe)
		return PageOf(items, "", int64(len(items))), err
	}, summary("What campaigns that name a tag changed among its carriers, and among others"))

	get(a, "/api/v1/tags/{id}/audits", "list_tag_audits", staff.TagsRead, func(ctx context.Context, in *ByID) (Page[tagAudit], error) {
		all, err := a.Services.Tags.Audits(ctx, in.ID)
		items := make([]tagAudit, len(all))
		for i, one := range all {
			items[i] = audited(one)
		}
		return PageOf(items, "", int64(len(items))), err
	}, summary("The audits of a tag, the newest first"))
	type begin struct {
		ByID
		Body struct {
			Seed string `json:"seed,omitempty" maxLength:"64" doc:"The same seed draws the same people"`
		}
	}
	post(a, "/api/v1/tags/{id}/audits", "start_tag_audit", staff.TagsWrite, func(ctx context.Context, in *begin) (tagAudit, error) {
		one, err := a.Services.Tags.StartAudit(ctx, in.ID, in.Body.Seed, auth.From(ctx).ID)
		return audited(one), err
	}, summary("Draw 50 carriers to judge"), status(http.StatusCreated))
	get(a, "/api/v1/tag-audits/{id}", "get_tag_audit", staff.CustomersRead, func(ctx context.Context, in *ByID) (tagAudit, error) {
		return a.tagAudit(ctx, in.ID)
	}, summary("An audit with its sample"))
	type judge struct {
		ByID
		Place int64 `path:"place"`
		Body  struct {
			Verdict string `json:"verdict" enum:"right,wrong"`
		}
	}
	put(a, "/api/v1/tag-audits/{id}/sample/{place}", "judge_tag", staff.TagsWrite, func(ctx context.Context, in *judge) (tagAudit, error) {
		one, err := a.Services.Tags.Judge(ctx, in.ID, in.Place, in.Body.Verdict, auth.From(ctx).ID)
		return audited(one), err
	}, summary("Judge one of the sample"))

	get(a, "/api/v1/heat", "get_heat", staff.TagsRead, func(ctx context.Context, _ *none) (heatView, error) {
		h, version, err := a.Services.Tags.HeatDefinition(ctx)
		return heatView{h, version}, err
	}, summary("How heat is counted"))
	type define struct{ Body tag.Heat }
	put(a, "/api/v1/heat", "define_heat", staff.LayersWrite, func(ctx context.Context, in *define) (heatView, error) {
		version, err := a.Services.Tags.DefineHeat(ctx, in.Body, auth.From(ctx).ID)
		return heatView{in.Body, version}, err
	}, summary("Count heat otherwise from the next refresh on"))
}

func (a *API) tagAudit(ctx context.Context, id string) (tagAudit, error) {
	one, sample, err := a.Services.Tags.Audit(ctx, id)
	if err != nil {
		return tagAudit{}, err
	}
	out := audited(one)
	numbers := make([]uint32, len(sample))
	for i, v := range sample {
		numbers[i] = v.Customer
	}
	people, err := a.segmentPeople(ctx, numbers)
	if err != nil {
		return out, err
	}
	for _, v := range sample {
		s := tagSampled{Verdict: v}
		if i := slices.IndexFunc(people, func(p segmentPerson) bool { return p.Number == v.Customer }); i >= 0 {
			s.Person = &people[i]
		}
		out.Sample = append(out.Sample, s)
	}
	return out, nil
}
