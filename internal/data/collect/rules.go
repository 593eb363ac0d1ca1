package collect

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// Rule is what operators decide of an event by its name.
type Rule struct {
	Source      string            `json:"source,omitempty" maxLength:"64" doc:"Id of a source; empty: any"`
	Event       string            `json:"event" minLength:"1" maxLength:"200" doc:"The event as the source calls it"`
	Block       bool              `json:"block,omitempty" doc:"Counted and not kept"`
	Rename      string            `json:"rename,omitempty" maxLength:"200" doc:"What it is called from now on"`
	Description string            `json:"description,omitempty" maxLength:"500"`
	Owner       string            `json:"owner,omitempty" maxLength:"100" doc:"Who knows what it means"`
	Props       map[string]string `json:"props,omitempty" doc:"Properties' names, and what they are called from now on"`
}

// Rules is a version of all rules.
type Rules struct {
	Version   int64     `json:"version" doc:"Of the rules that were read; 0 before the first"`
	Rules     []Rule    `json:"rules"`
	ChangedBy string    `json:"changed_by,omitempty"`
	ChangedAt time.Time `json:"changed_at,omitzero"`
}

const (
	rulesSetting = "collect.rules"
	maxRules     = 5000
)

// ruleBook finds rules by source and name.
type ruleBook struct {
	version int64
	by      map[[2]string]Rule
}

func newRuleBook(version int64, rules []Rule) *ruleBook {
	b := &ruleBook{version: version, by: make(map[[2]string]Rule, len(rules))}
	for _, r := range rules {
		b.by[[2]string{r.Source, r.Event}] = r
	}
	return b
}

// of returns the rule for an event: its source's own, else the one for any source.
func (b *ruleBook) of(source, name string) Rule {
	if len(b.by) == 0 {
		return Rule{}
	}
	if r, ok := b.by[[2]string{source, name}]; ok {
		return r
	}
	return b.by[[2]string{"", name}]
}

// check refuses rules that contradict themselves.
func checkRules(rules []Rule) error {
	if len(rules) > maxRules {
		return errs.New(errs.Invalid, "collect.too_many_rules", "there may be %d rules", maxRules).At("rules")
	}
	seen := map[[2]string]bool{}
	for i := range rules {
		r := &rules[i]
		r.Event, r.Rename = strings.TrimSpace(r.Event), strings.TrimSpace(r.Rename)
		key := [2]string{r.Source, r.Event}
		switch {
		case !sane(r.Event, maxName):
			return errs.New(errs.Invalid, "collect.bad_rule", "%q is no name of an event", r.Event).At("rules.event")
		case r.Rename != "" && !sane(r.Rename, maxName):
			return errs.New(errs.Invalid, "collect.bad_rule", "%q is no name of an event", r.Rename).At("rules.rename")
		case seen[key]:
			return errs.New(errs.Invalid, "collect.two_rules", "there are two rules for %q", r.Event).At("rules.event")
		}
		seen[key] = true
		if len(r.Props) > maxPropNames {
			return errs.New(errs.Invalid, "collect.bad_rule", "a rule renames at most %d properties", maxPropNames).At("rules.props")
		}
		to := map[string]bool{}
		for from, name := range r.Props {
			if !sane(from, maxName) || !sane(name, maxName) || to[name] {
				return errs.New(errs.Invalid, "collect.bad_rule", "%q cannot be called %q", from, name).At("rules.props")
			}
			to[name] = true
		}
	}
	return nil
}

// Rules returns the rules in force.
func (d *Desk) Rules(ctx context.Context) (Rules, error) {
	rules, version, err := settings.Get(ctx, d.db, rulesSetting, []Rule{})
	if err != nil {
		return Rules{}, err
	}
	out := Rules{Version: version, Rules: rules}
	if version > 0 {
		last, err := settings.History(ctx, d.db, rulesSetting, 1)
		if err != nil {
			return Rules{}, err
		}
		out.ChangedBy, out.ChangedAt = last[0].ChangedBy, last[0].ChangedAt
	}
	return out, nil
}

// RulesHistory returns the latest versions of the rules, newest first, at most 100.
func (d *Desk) RulesHistory(ctx context.Context) ([]Rules, error) {
	versions, err := settings.History(ctx, d.db, rulesSetting, 100)
	if err != nil {
		return nil, err
	}
	out := make([]Rules, len(versions))
	for i, v := range versions {
		out[i] = Rules{Version: v.Version, ChangedBy: v.ChangedBy, ChangedAt: v.ChangedAt}
		if err := json.Unmarshal([]byte(v.Value), &out[i].Rules); err != nil {
			return nil, fmt.Errorf("rules of version %d: %w", v.Version, err)
		}
	}
	return out, nil
}

// SetRules puts rules in force in place of those of a version; another writer's change in between is a conflict. The
// pipeline applies them to what it reads from then on.
func (d *Desk) SetRules(ctx context.Context, version int64, rules []Rule, by string) (Rules, error) {
	if rules == nil {
		rules = []Rule{}
	}
	if err := checkRules(rules); err != nil {
		return Rules{}, err
	}
	err := d.db.Tx(ctx, func(tx *store.Tx) error {
		_, now, err := settings.Get(ctx, tx, rulesSetting, []Rule{})
		if err != nil {
			return err
		}
		if now != version {
			return errs.New(errs.Conflict, "collect.rules_changed", "the rules were changed meanwhile")
		}
		_, err = settings.Put(ctx, tx, rulesSetting, rules, by, d.now())
		return err
	})
	if err != nil {
		return Rules{}, err
	}
	return d.Rules(ctx)
}

// rulesNow returns the rules in force, read again only when their version is another than that of those known.
func rulesNow(ctx context.Context, q store.Querier, known *ruleBook) (*ruleBook, error) {
	version, err := store.One[int64](ctx, q, `SELECT COALESCE(MAX(version), 0) FROM settings WHERE name = ?`, rulesSetting)
	if err != nil || known != nil && known.version == version {
		return known, err
	}
	rules, version, err := settings.Get(ctx, q, rulesSetting, []Rule{})
	if err != nil {
		return nil, err
	}
	return newRuleBook(version, rules), nil
}
