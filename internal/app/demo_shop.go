package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"huoshui/internal/demo"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/order"
	"huoshui/internal/user/consent"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

// demoShop takes in what the demo brand's shops report, by the verbs that imports use too.
type demoShop struct {
	db       *store.DB
	now      func() time.Time
	identity *identity.Service
	settler  *order.Settler
	consents *consent.Service
}

// demoImport marks the orders that came day by day and not with a file.
const demoImport = "demo"

// Record takes newcomers, then sales, then returns in, in one transaction.
func (s demoShop) Record(ctx context.Context, newcomers []demo.Newcomer, sales []demo.Sale) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := s.join(ctx, tx, newcomers); err != nil {
			return fmt.Errorf("demo newcomers: %w", err)
		}
		buyers, err := s.buyers(ctx, tx, sales)
		if err != nil {
			return err
		}
		byChannel := map[string][]demo.Sale{}
		for _, sale := range sales {
			byChannel[sale.Channel] = append(byChannel[sale.Channel], sale)
		}
		for _, channel := range slices.Sorted(maps.Keys(byChannel)) {
			if err := s.sell(ctx, tx, channel, byChannel[channel], buyers); err != nil {
				return fmt.Errorf("demo sales of %s: %w", channel, err)
			}
		}
		return nil
	})
}

func (s demoShop) join(ctx context.Context, tx *store.Tx, newcomers []demo.Newcomer) error {
	people := make([]identity.Sighting, len(newcomers))
	for i, n := range newcomers {
		people[i] = identity.Sighting{Source: "demo", Person: customer.Person{
			Keys: []customer.Key{{Kind: customer.KeyCard, Value: n.Card}, {Kind: customer.KeyPhone, Value: n.Phone}},
			Code: n.Card, Name: n.Name, Gender: n.Gender, Birthday: n.Birthday, Province: n.Province, City: n.City,
			Source: n.Source, Store: n.Store, Level: n.Level, RegisteredAt: n.Registered, SeenAt: n.Registered,
		}}
		if n.Email != "" {
			people[i].Keys = append(people[i].Keys, customer.Key{Kind: customer.KeyEmail, Value: n.Email})
		}
	}
	refs, err := s.identity.Resolve(ctx, tx, people, s.now())
	if err != nil {
		return err
	}
	for i, n := range newcomers {
		for channel, takes := range map[string]bool{"phone": n.TakesPhone, "email": n.TakesMail} {
			state := "withdrawn"
			if takes {
				state = "granted"
			}
			if channel == "email" && n.Email == "" || !refs[i].Created {
				continue
			}
			if err := s.consents.SayTx(ctx, tx, refs[i].Number, channel, state, "member card"); err != nil {
				return err
			}
		}
	}
	return nil
}

// buyers finds the customers of sales by their member cards.
func (s demoShop) buyers(ctx context.Context, tx *store.Tx, sales []demo.Sale) (map[string]uint32, error) {
	cards := make([]string, 0, len(sales))
	for _, sale := range sales {
		cards = append(cards, sale.Card)
	}
	found := map[string]uint32{}
	for part := range slices.Chunk(cards, 1000) {
		var w store.Where
		w.And("kind = ?", customer.KeyCard)
		store.In(&w, "value", part)
		err := store.Each(ctx, tx, `SELECT value, customer FROM identity_keys`+w.SQL(), w.Args(), func(r cardRow) error {
			found[r.Value] = r.Customer
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

type cardRow struct {
	Value    string `db:"value"`
	Customer uint32 `db:"customer"`
}

func (s demoShop) sell(ctx context.Context, tx *store.Tx, channel string, sales []demo.Sale, buyers map[string]uint32) error {
	var orders []order.Incoming
	var numbers []string
	var refunds []order.IncomingRefund
	for _, sale := range sales {
		who := buyers[sale.Card]
		if who == 0 {
			return fmt.Errorf("nobody has the card %s", sale.Card)
		}
		in := order.Incoming{Number: sale.Number, Customer: who, PaidAt: sale.At.UTC(), Store: sale.Store}
		for i, l := range sale.Lines {
			key := strconv.Itoa(i + 1)
			if sale.Return {
				refunds = append(refunds, order.IncomingRefund{Number: sale.Number, Key: key, Order: sale.Number, Customer: who,
					Product: l.SKU, Quantity: l.Quantity, AmountFen: l.AmountFen, At: sale.At.UTC()})
				continue
			}
			in.Lines = append(in.Lines, order.IncomingLine{Key: key, Product: l.SKU, Name: l.Name, Category: l.Category,
				Quantity: l.Quantity, AmountFen: l.AmountFen})
		}
		if !sale.Return {
			orders, numbers = append(orders, in), append(numbers, in.Number)
		}
	}
	known, err := order.Known(ctx, tx, channel, numbers)
	if err != nil {
		return err
	}
	_, sums, err := s.settler.Settle(ctx, tx, channel, demoImport, known, orders, s.now())
	if err != nil {
		return err
	}
	if err := s.sum(ctx, tx, sums); err != nil {
		return err
	}
	_, back, err := s.settler.Refund(ctx, tx, channel, demoImport, refunds)
	if err != nil {
		return err
	}
	return s.sum(ctx, tx, back)
}

func (s demoShop) sum(ctx context.Context, tx *store.Tx, sums map[uint32]*order.Sum) error {
	all := make([]customer.Purchases, 0, len(sums))
	for number, sum := range sums {
		all = append(all, customer.Purchases{Number: number, Orders: sum.Orders, SpentFen: sum.SpentFen, RefundedFen: sum.RefundedFen,
			FirstAt: sum.FirstAt, LastAt: sum.LastAt})
	}
	return customer.Bought(ctx, tx, all, s.now())
}

// NumbersByCard returns the customer numbers of all member card numbers.
func (s demoShop) NumbersByCard(ctx context.Context) (map[string]uint32, error) {
	found := map[string]uint32{}
	err := store.Each(ctx, s.db, `SELECT value, customer FROM identity_keys WHERE kind = ?`, []any{customer.KeyCard}, func(r cardRow) error {
		found[r.Value] = r.Customer
		return nil
	})
	return found, err
}
