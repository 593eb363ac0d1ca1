// Package identity is OneID (U2): it says who is behind the keys that sources tell, makes customers and visitors, merges
// what turns out to be one person, and takes merges back.
//
// Who a sighting is: the strongest of its keys that is known decides (customer.Strength); devices decide only where there
// is nothing stronger. Keys of several customers in one sighting make them one, unless they have different values of a kind
// that a person has one of; then nobody is merged and a person decides. Of two customers the one who was made first stays:
// numbers are given in that order, so it does not depend on which key came first, and the older one has the longer history.
package identity

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/named"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// Sighting is what one source says about a person at one time.
type Sighting struct {
	customer.Person
	Traits []Trait
	Source string    // who told: a source's id, "import"
	Origin string    // source channel of the person, if this sighting makes one
	At     time.Time // when it happened; zero: now
	Unbind bool      // the keys after the first are the person's no longer; a key alone is nobody's any more
	First  bool      // a device that is a customer's already stays so: the first link wins
}

// States of a key that is used for nobody.
const (
	Blocked = "blocked" // a person said so
	Shared  = "shared"  // a device of too many people
)

// Kinds of conflict.
const (
	Disagree     = "disagree"      // keys of one sighting belong to two customers who cannot be one
	SharedKey    = "shared_key"    // a key is claimed by too many accounts
	SharedDevice = "shared_device" // a device was seen with too many customers
)

// States of a conflict.
const (
	Open          = "open"
	DecidedMerge  = "merged"
	DecidedApart  = "apart"
	DecidedBlock  = "blocked"
	causeKeys     = "keys"
	causeDecision = "decision"
	causeHand     = "hand"
)

// Rules are what can be changed about identity: a setting.
type Rules struct {
	AutoMerge    bool     `json:"auto_merge" doc:"Merge customers whose keys are seen together and who do not disagree; otherwise every such pair is a conflict"`
	SharedDevice int      `json:"shared_device" minimum:"1" maximum:"100" doc:"A device seen with more customers than this is used for nobody"`
	SharedKey    int      `json:"shared_key" minimum:"1" maximum:"100" doc:"A key claimed by more accounts than this becomes a conflict"`
	Complete     []string `json:"complete" minItems:"1" doc:"What a complete profile has; phone_or_unionid is either key" enum:"phone_or_unionid,phone,email,name,gender,birthday,province,city,level,store"`
}

// SettingName is the name of Rules among the settings.
const SettingName = "identity"

// DefaultRules are the rules until somebody changes them.
func DefaultRules() Rules {
	return Rules{AutoMerge: true, SharedDevice: 3, SharedKey: 3, Complete: []string{"phone_or_unionid", "name", "gender", "birthday", "city"}}
}

func (r Rules) check() error {
	if r.SharedDevice < 1 || r.SharedKey < 1 || r.SharedDevice > 100 || r.SharedKey > 100 {
		return errs.New(errs.Invalid, "identity.rules", "the limits are from 1 to 100")
	}
	if len(r.Complete) == 0 {
		return errs.New(errs.Invalid, "identity.rules", "a complete profile has at least one field").At("complete")
	}
	for _, f := range r.Complete {
		if completeSQL[f] == "" {
			return errs.New(errs.Invalid, "identity.rules", "a profile has no field %q", f).At("complete")
		}
	}
	return nil
}

// Follower moves rows that name customers when customers are merged, and forgets them when they are erased, in its owner's package,
// within the transaction.
type Follower interface {
	// MoveCustomers gives what belongs to each key of to its value, and returns by key what moving back needs, JSON;
	// nothing for those who had nothing. No value of to is also a key.
	MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error)
	// ReturnCustomer gives a customer back what MoveCustomers moved, as far as it is still at holder.
	ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error
	// EraseCustomers takes away all that says something of the customers; what must be kept for the books stays without words.
	EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error
}

// Buying sums up the orders that customers have.
type Buying interface {
	Sums(ctx context.Context, q store.Querier, numbers []uint32) ([]customer.Purchases, error)
}

// Forgetter keeps texts in which people are only named, since nobody has understood them: what came and was refused.
type Forgetter interface {
	// Forget takes away the texts that name one of the people, as far as that can be told. Done again it changes nothing.
	Forget(ctx context.Context, tx *store.Tx, people named.People) error
}

// Service is OneID.
type Service struct {
	db        *store.DB
	now       clock.Clock
	buying    Buying
	followers map[string]Follower
	texts     []Forgetter
	counted   counted
}

// NewService returns the service. followers are by the name that records of merges keep; a name stays for ever.
func NewService(db *store.DB, now clock.Clock, buying Buying, followers map[string]Follower) *Service {
	return &Service{db: db, now: now, buying: buying, followers: followers}
}

// Forgetting has an erasure also ask f; call it before the service is used.
func (s *Service) Forgetting(f Forgetter) { s.texts = append(s.texts, f) }

// Rules returns the rules in force and their version.
func (s *Service) Rules(ctx context.Context) (Rules, int64, error) {
	return settings.Get(ctx, s.db, SettingName, DefaultRules())
}

// SetRules replaces the rules that were read as version.
func (s *Service) SetRules(ctx context.Context, r Rules, version int64, by string) (int64, error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		_, now, err := settings.Get(ctx, tx, SettingName, r)
		if err != nil {
			return err
		}
		if now != version {
			return errs.New(errs.Conflict, "settings.changed", "somebody else has changed this; look at it again")
		}
		version, err = settings.Put(ctx, tx, SettingName, r, by, s.now())
		return err
	})
	return version, err
}

// Generation grows whenever a key that was seen before may have become another number's.
func (s *Service) Generation(ctx context.Context, q store.Querier) (uint64, error) {
	n, err := store.One[int64](ctx, q, `SELECT COALESCE((SELECT value FROM counters WHERE name = 'identity'), 0)`)
	return uint64(n), err
}

func bumpGeneration(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO counters (name, value) VALUES ('identity', 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1`)
	return err
}

// gate makes the transaction the only one that changes who is who until it ends, and returns the last customer number.
func gate(ctx context.Context, tx *store.Tx) (int64, error) {
	return store.One[int64](ctx, tx, `INSERT INTO counters (name, value) VALUES ('customer', 0)
		ON CONFLICT (name) DO UPDATE SET value = counters.value RETURNING value`)
}

// single returns the name under which a person has at most one value of the key, "" for kinds of which one has several.
func single(k customer.Key) string {
	switch k.Kind {
	case customer.KeyPhone, customer.KeyUnionID, customer.KeyUser, customer.KeyCard:
		return k.Kind
	case customer.KeyOpenID:
		app, _, _ := strings.Cut(k.Value, ":")
		return k.Kind + ":" + app
	}
	return ""
}

// account says that the key is an account of the person: a second one of them is another person's, while people do
// change phones and cards.
func account(kind string) bool {
	return kind == customer.KeyUnionID || kind == customer.KeyUser || kind == customer.KeyOpenID
}
