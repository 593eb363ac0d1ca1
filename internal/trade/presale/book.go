package presale

import (
	"context"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/quota"
)

// Wish is what a customer asks to book. She says no prices.
type Wish struct {
	Presale    string `json:"presale" maxLength:"64"`
	SKU        string `json:"sku" maxLength:"64"`
	Units      int64  `json:"units" minimum:"1" maximum:"1000"`
	Balance    int64  `json:"balance_fen,omitempty" minimum:"0" doc:"At most so much of the deposit from the balance"`
	Agreed     bool   `json:"agreed" doc:"She agreed to what becomes of the deposit"`
	Version    int64  `json:"version" doc:"Of the presale that she was shown"`
	DepositFen int64  `json:"deposit_fen" minimum:"0" doc:"The deposit that she was shown"`
}

// Book keeps units for a customer until she has paid the deposit: once per request, the same request again returns the booking it made.
// Units that are gone are a Conflict "presale.sold_out" or "inventory.short", more than one person may have "presale.enough", terms that
// she has not seen "presale.changed". A deposit that the balance pays whole is paid at once.
func (s *Service) Book(ctx context.Context, customer uint32, request string, w Wish) (b Booking, err error) {
	if request == "" || len(request) > 64 {
		return b, errs.New(errs.Invalid, "sale.request", "a request has an id of up to 64 bytes").At("request")
	}
	if !w.Agreed {
		return b, errs.New(errs.Invalid, "presale.agree", "say that you agree to what becomes of the deposit").At("agreed")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if b, err = byRequest(ctx, tx, customer, request); err == nil || !errs.Is(err, errs.NotFound) {
			return err
		}
		b, err = s.book(ctx, tx, customer, request, w)
		return err
	})
	if errs.Is(err, errs.Conflict) { // from two connections at once: the other made it
		if made, again := byRequest(ctx, s.DB, customer, request); again == nil {
			return made, nil
		}
	}
	return b, err
}

func byRequest(ctx context.Context, q store.Querier, customer uint32, request string) (Booking, error) {
	return store.One[Booking](ctx, q, `SELECT * FROM presale_bookings WHERE customer = ? AND request = ?`, int64(customer), request)
}

func (s *Service) book(ctx context.Context, tx *store.Tx, customer uint32, request string, w Wish) (Booking, error) {
	now := s.Now()
	layer, err := s.People.Layer(ctx, tx, customer)
	if err != nil {
		return Booking{}, err
	}
	// The SKU's row first: whoever changes the terms holds it, so that what is read next is what she books under.
	taken, err := store.All[Item](ctx, tx, `UPDATE presale_items SET taken = taken + ? WHERE presale = ? AND sku = ? AND taken + ? <= units RETURNING *`, w.Units, w.Presale, w.SKU, w.Units)
	if err != nil {
		return Booking{}, err
	}
	p, err := get(ctx, tx, w.Presale)
	if err != nil {
		return Booking{}, err
	}
	switch state := p.StateAt(now); {
	case state == Drafted:
		return Booking{}, ErrNone()
	case state != On:
		return Booking{}, errs.New(errs.Conflict, "presale.no_deposits", "no deposits are taken now").With("state", string(state))
	case w.Units < 1 || len(taken) == 0:
		left, err := store.One[int64](ctx, tx, `SELECT units - taken FROM presale_items WHERE presale = ? AND sku = ?`, w.Presale, w.SKU)
		if errs.Is(err, errs.NotFound) {
			return Booking{}, errs.New(errs.NotFound, "presale.sku", "the presale does not sell SKU %q", w.SKU).At("sku")
		}
		if err == nil {
			err = errs.New(errs.Conflict, "presale.sold_out", "%d are left", left).With("left", left)
		}
		return Booking{}, err
	case p.Version != w.Version || taken[0].DepositFen*w.Units != w.DepositFen:
		return Booking{}, errs.New(errs.Conflict, "presale.changed", "the presale was changed meanwhile: look at it again").With("version", p.Version)
	}
	it := taken[0]
	b := Booking{
		ID: id.New(idPrefix), Presale: p.ID, SKU: it.SKU, Customer: customer, Request: request, State: Unpaid, Units: w.Units, DepositFen: it.DepositFen * w.Units,
		WorthFen: it.WorthFen * w.Units, Layer: layer, AgreedAt: now, PlacedAt: now, DueAt: now.Add(PayWithin),
	}
	if p.TailEndsAt.Before(b.DueAt) {
		b.DueAt = p.TailEndsAt
	}
	if err := quota.Take(ctx, tx, p.ID, customer, w.Units, p.PerPerson, "presale.enough"); err != nil {
		return Booking{}, err
	}
	if err := inventory.Reserve(ctx, tx, b.ID, inventory.Online, []inventory.Item{{SKU: b.SKU, Quantity: b.Units}}, now); err != nil {
		return Booking{}, err
	}
	if wish := min(max(w.Balance, 0), b.DepositFen); wish > 0 {
		most, err := s.Money.Most(ctx, tx, customer, b.DepositFen)
		if err != nil {
			return Booking{}, err
		}
		b.WalletFen = min(wish, most)
	}
	b.CashFen = b.DepositFen - b.WalletFen
	if b.WalletFen > 0 {
		if err := s.Money.Spend(ctx, tx, customer, b.ID+"/wallet", b.ID, layer, b.WalletFen); err != nil {
			return Booking{}, err
		}
		if err := s.keepDeposit(ctx, tx, &b, "wallet", b.WalletFen, now); err != nil {
			return Booking{}, err
		}
	}
	if err := store.Insert(ctx, tx, "presale_bookings", b); err != nil {
		return Booking{}, err
	}
	if b.CashFen == 0 {
		return b, s.deposited(ctx, tx, &b, &p, "", now)
	}
	return b, nil
}

// keepDeposit books what came for a booking as a deposit.
func (s *Service) keepDeposit(ctx context.Context, tx *store.Tx, b *Booking, how string, fen int64, at time.Time) error {
	return s.Books.Post(ctx, tx, money.Entry{
		Key: b.ID + "/deposit/" + how, At: at, OrToday: true, Reason: "presale.deposited", Order: b.ID, Ref: b.ID, Customer: b.Customer, Layer: b.Layer,
		Moves: []money.Move{{Debit: money.Deferred, Credit: money.Deposits, Fen: fen}},
	})
}

// deposited turns an unpaid booking into one that waits for its tail.
func (s *Service) deposited(ctx context.Context, tx *store.Tx, b *Booking, p *Presale, payment string, at time.Time) error {
	b.State, b.Payment, b.PaidAt, b.DueAt = Deposited, payment, at, time.Time{}
	if err := save(ctx, tx, b); err != nil {
		return err
	}
	return outbox.Append(ctx, tx, b.fact(event.PresaleDeposited, at, b.DepositFen, p.ID))
}

// save writes what may change of a booking.
func save(ctx context.Context, tx *store.Tx, b *Booking) error {
	_, err := tx.Exec(ctx, `UPDATE presale_bookings SET state = ?, returned_fen = ?, payment = ?, sale = ?, why = ?, due_at = CAST(? AS BIGINT), paid_at = CAST(? AS BIGINT), ended_at = CAST(? AS BIGINT) WHERE id = ?`,
		string(b.State), b.ReturnedFen, b.Payment, b.Sale, b.Why, b.DueAt, b.PaidAt, b.EndedAt, b.ID)
	return err
}

func (b *Booking) fact(name string, at time.Time, fen int64, detail string) event.Fact {
	return event.Fact{ID: b.ID + "/" + name, Name: name, Customer: b.Customer, At: at, Subject: b.ID, Product: b.SKU, Quantity: b.Units, Amount: fen, Detail: detail}
}

func one(ctx context.Context, q store.Querier, booking string, customer uint32, hold string) (Booking, error) {
	b, err := store.One[Booking](ctx, q, `SELECT * FROM presale_bookings WHERE id = ?`+hold, booking)
	if errs.Is(err, errs.NotFound) || err == nil && customer != 0 && b.Customer != customer {
		return Booking{}, noBooking()
	}
	return b, err
}

func noBooking() error {
	return errs.New(errs.NotFound, "presale.no_booking", "there is no such booking")
}

// DepositPaid says, in the transaction that records the payment, that the cash of a deposit has arrived. The same payment again changes
// nothing. An amount that is not the booking's is a Conflict "sale.amount"; a booking that ended meanwhile, or was paid by another payment,
// or whose presale is over, a Conflict "sale.state": the money must go back.
func (s *Service) DepositPaid(ctx context.Context, tx *store.Tx, booking, payment string, fen int64, at time.Time) error {
	b, err := one(ctx, tx, booking, 0, tx.Hold())
	if err != nil {
		return err
	}
	if b.Payment == payment && b.State != Unpaid {
		return nil
	}
	p, err := get(ctx, tx, b.Presale)
	if err != nil {
		return err
	}
	switch {
	case fen != b.CashFen:
		return errs.New(errs.Conflict, "sale.amount", "the deposit is %d fen, %d were paid", b.CashFen, fen)
	case b.State != Unpaid || !p.StoppedAt.IsZero() || !s.Now().Before(p.TailEndsAt): // its tail could never be paid
		return errs.New(errs.Conflict, "sale.state", "a booking that is %s is not paid", b.State).With("state", string(b.State))
	}
	if err := s.keepDeposit(ctx, tx, &b, "cash", b.CashFen, at); err != nil {
		return err
	}
	return s.deposited(ctx, tx, &b, &p, payment, at)
}

// free gives back what a booking has: its units to the presale and to the stock, and its place among what one person may have.
func free(ctx context.Context, tx *store.Tx, b *Booking) error {
	if _, err := tx.Exec(ctx, `UPDATE presale_items SET taken = taken - ? WHERE presale = ? AND sku = ?`, b.Units, b.Presale, b.SKU); err != nil {
		return err
	}
	if err := quota.Give(ctx, tx, b.Presale, b.Customer, b.Units); err != nil {
		return err
	}
	return inventory.Release(ctx, tx, b.ID)
}

// closeUnpaid ends a booking whose deposit was never paid.
func (s *Service) closeUnpaid(ctx context.Context, tx *store.Tx, b *Booking, why string) error {
	if err := free(ctx, tx, b); err != nil {
		return err
	}
	if b.CashFen > 0 {
		if err := s.Money.Release(ctx, tx, b.ID, why); err != nil {
			return err
		}
	}
	if b.WalletFen > 0 {
		if err := s.Money.GiveBackBalance(ctx, tx, b.ID+"/wallet/closed", b.ID+"/wallet", b.WalletFen, ""); err != nil {
			return err
		}
	}
	b.State, b.Why, b.EndedAt, b.DueAt = Closed, why, s.Now(), time.Time{}
	return save(ctx, tx, b)
}

// giveBack gives part of a deposit back to the ways it was paid, in parts that are exact in sum.
func (s *Service) giveBack(ctx context.Context, tx *store.Tx, b *Booking, key string, fen int64, by string) error {
	if fen <= 0 || fen > b.DepositFen-b.ReturnedFen {
		return errs.New(errs.Conflict, "refund.above_paid", "of the deposit %d fen can still be given back", b.DepositFen-b.ReturnedFen)
	}
	wallet := b.fromWallet(b.ReturnedFen+fen) - b.fromWallet(b.ReturnedFen)
	b.ReturnedFen += fen
	if wallet > 0 {
		if err := s.Money.GiveBackBalance(ctx, tx, key+"/wallet", b.ID+"/wallet", wallet, by); err != nil {
			return err
		}
	}
	if cash := fen - wallet; cash > 0 {
		return s.Money.GiveBackCash(ctx, tx, key+"/cash", b.ID, cash, by)
	}
	return nil
}

// giveUp returns the deposit of a booking whose tail is not paid.
func (s *Service) giveUp(ctx context.Context, tx *store.Tx, b *Booking, why, by string) error {
	if err := free(ctx, tx, b); err != nil {
		return err
	}
	if err := s.giveBack(ctx, tx, b, b.ID+"/returned", b.DepositFen, by); err != nil {
		return err
	}
	b.State, b.Why, b.EndedAt = Returned, why, s.Now()
	if err := save(ctx, tx, b); err != nil {
		return err
	}
	return outbox.Append(ctx, tx, b.fact(event.PresaleReturned, b.EndedAt, b.DepositFen, b.Presale))
}

// forfeit keeps the deposit of a booking whose tail was not paid.
func (s *Service) forfeit(ctx context.Context, tx *store.Tx, b *Booking) error {
	if err := free(ctx, tx, b); err != nil {
		return err
	}
	now := s.Now()
	err := s.Books.Post(ctx, tx, money.Entry{
		Key: b.ID + "/forfeited", At: now, OrToday: true, Reason: "presale.forfeited", Order: b.ID, Ref: b.ID, Customer: b.Customer, Layer: b.Layer,
		Moves: []money.Move{{Debit: money.Deposits, Credit: money.DepositForfeited, Fen: b.DepositFen}},
	})
	if err != nil {
		return err
	}
	b.State, b.Why, b.EndedAt = Forfeited, ByTimeout, now
	if err := save(ctx, tx, b); err != nil {
		return err
	}
	return outbox.Append(ctx, tx, b.fact(event.PresaleForfeited, now, b.DepositFen, b.Presale))
}

// Cancel ends a customer's booking: one whose deposit is not paid at once; one that is paid with the deposit back, where the presale gives
// it back. Else it is a Conflict "presale.kept". While an order is there to pay its tail that one is closed first: "presale.ordered".
func (s *Service) Cancel(ctx context.Context, customer uint32, booking string) (b Booking, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if b, err = one(ctx, tx, booking, customer, tx.Hold()); err != nil {
			return err
		}
		switch {
		case b.State == Closed || b.State == Returned:
			return nil
		case b.State == Unpaid:
			return s.closeUnpaid(ctx, tx, &b, ByCustomer)
		}
		p, err := get(ctx, tx, b.Presale)
		if err != nil {
			return err
		}
		if p.Keep && b.State == Deposited {
			return errs.New(errs.Conflict, "presale.kept", "the deposit is not returned")
		}
		return s.cancelPaid(ctx, tx, &b, ByCustomer, "")
	})
	return b, err
}

// Return gives a customer's deposit back because staff say so.
func (s *Service) Return(ctx context.Context, booking, by string) (b Booking, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if b, err = one(ctx, tx, booking, 0, tx.Hold()); err != nil || b.State == Returned {
			return err
		}
		return s.cancelPaid(ctx, tx, &b, ByStaff, by)
	})
	return b, err
}

func (s *Service) cancelPaid(ctx context.Context, tx *store.Tx, b *Booking, why, by string) error {
	switch {
	case b.State != Deposited:
		return errs.New(errs.Conflict, "sale.state", "the deposit of a booking that is %s does not go back", b.State).With("state", string(b.State))
	case b.Sale != "":
		return errs.New(errs.Conflict, "presale.ordered", "an order is there to pay the tail: cancel that first").With("sale", b.Sale)
	}
	return s.giveUp(ctx, tx, b, why, by)
}

// Terms are what a booking makes of the order that pays its tail.
type Terms struct {
	Price   pricing.Flash
	Deposit pricing.Deposit
}

// payable is a Conflict for a booking whose tail cannot be paid now.
func (p *Presale) payable(b *Booking, now time.Time) error {
	switch state := p.StateAt(now); {
	case b.State != Deposited:
		return errs.New(errs.Conflict, "presale.not_deposited", "a booking that is %s has no tail to pay", b.State).With("state", string(b.State))
	case b.Sale != "":
		return errs.New(errs.Conflict, "presale.ordered", "an order is there to pay the tail").With("sale", b.Sale)
	case state == Ended || state == Stopped:
		return errs.New(errs.Conflict, "presale.over", "the time to pay the tail is over")
	case state != Tail:
		return errs.New(errs.Conflict, "presale.early", "the tail can be paid from %s", p.TailStartsAt).With("tail_starts_at", p.TailStartsAt)
	}
	return nil
}

// Price returns the price that a booking's tail has for its customer now; what cannot be is a Conflict.
func (s *Service) Price(ctx context.Context, q store.Querier, booking string, customer uint32, now time.Time) (Terms, error) {
	b, err := one(ctx, q, booking, customer, "")
	if err != nil {
		return Terms{}, err
	}
	p, err := get(ctx, q, b.Presale)
	if err != nil {
		return Terms{}, err
	}
	if err := p.payable(&b, now); err != nil {
		return Terms{}, err
	}
	it, err := store.One[Item](ctx, q, `SELECT * FROM presale_items WHERE presale = ? AND sku = ?`, b.Presale, b.SKU)
	return Terms{
		Price:   pricing.Flash{Kind: pricing.KindPresale, ID: p.ID, SKU: b.SKU, PriceFen: it.PriceFen, Left: -1},
		Deposit: pricing.Deposit{ID: b.ID, Fen: b.DepositFen, WorthFen: b.WorthFen},
	}, err
}

// Take gives a booking to the order that pays its tail, with the units that are held for it: of two orders one gets it. creditFen is what
// the order counts of the deposit; less than was paid is a Conflict "presale.below": nothing of it may be lost. It returns until when the
// order is kept unpaid.
func (s *Service) Take(ctx context.Context, tx *store.Tx, booking, sale string, customer uint32, units, creditFen int64, now time.Time) (time.Time, error) {
	b, err := one(ctx, tx, booking, customer, tx.Hold())
	if err != nil {
		return time.Time{}, err
	}
	p, err := get(ctx, tx, b.Presale)
	if err != nil {
		return time.Time{}, err
	}
	if err := p.payable(&b, now); err != nil {
		return time.Time{}, err
	}
	switch {
	case units != b.Units:
		return time.Time{}, errs.New(errs.Conflict, "presale.units", "the deposit is for %d units", b.Units).At("lines").With("units", b.Units)
	case creditFen != b.DepositFen:
		return time.Time{}, errs.New(errs.Conflict, "presale.below", "with so much taken off less than the deposit would be left")
	}
	b.Sale = sale
	if err := inventory.Release(ctx, tx, b.ID); err != nil { // the order holds them from now on
		return time.Time{}, err
	}
	if err := inventory.Forget(ctx, tx, b.ID); err != nil {
		return time.Time{}, err
	}
	return p.TailEndsAt.Add(Grace), save(ctx, tx, &b)
}

func bySale(ctx context.Context, tx *store.Tx, booking, sale string) (Booking, bool, error) {
	b, err := one(ctx, tx, booking, 0, tx.Hold())
	return b, err == nil && b.Sale == sale, err
}

// Paid says that the order of a booking was paid: the deposit becomes part of what was received for it.
func (s *Service) Paid(ctx context.Context, tx *store.Tx, booking, sale string, now time.Time) error {
	b, its, err := bySale(ctx, tx, booking, sale)
	if err != nil {
		return err
	}
	if !its || b.State != Deposited {
		return errs.New(errs.Conflict, "sale.state", "a booking that is %s is not paid", b.State).With("state", string(b.State))
	}
	err = s.Books.Post(ctx, tx, money.Entry{
		Key: b.ID + "/applied", At: now, OrToday: true, Reason: "presale.applied", Order: sale, Ref: b.ID, Customer: b.Customer, Layer: b.Layer,
		Moves: []money.Move{{Debit: money.Deposits, Credit: money.Deferred, Fen: b.DepositFen}},
	})
	if err != nil {
		return err
	}
	b.State, b.EndedAt = Done, now
	if err := save(ctx, tx, &b); err != nil {
		return err
	}
	return outbox.Append(ctx, tx, b.fact(event.PresaleTailPaid, now, b.DepositFen, b.Presale))
}

// Left says that the order of a booking was closed unpaid: its units are held for the booking again; or that everything of a paid one came
// back. Again it changes nothing.
func (s *Service) Left(ctx context.Context, tx *store.Tx, booking, sale string, now time.Time) error {
	b, its, err := bySale(ctx, tx, booking, sale)
	if err != nil || !its {
		return err
	}
	switch b.State {
	case Deposited:
		if err := inventory.Release(ctx, tx, sale); err != nil {
			return err
		}
		if err := inventory.Reserve(ctx, tx, b.ID, inventory.Online, []inventory.Item{{SKU: b.SKU, Quantity: b.Units}}, now); err != nil {
			return err
		}
		b.Sale = ""
	case Done:
		if err := free(ctx, tx, &b); err != nil { // the stock was taken: nothing is promised any more
			return err
		}
		b.State = Refunded
	}
	return save(ctx, tx, &b)
}

// GiveBack gives part of the deposit of a paid order back, once per key; finished says that the order was booked as revenue.
func (s *Service) GiveBack(ctx context.Context, tx *store.Tx, key, booking, sale string, fen int64, finished bool, by string) error {
	b, its, err := bySale(ctx, tx, booking, sale)
	if err != nil {
		return err
	}
	if !its || b.State != Done {
		return errs.New(errs.Conflict, "sale.state", "the deposit of a booking that is %s does not come back with an order", b.State)
	}
	from := money.Deferred
	if finished {
		from = money.SalesReturns
	}
	err = s.Books.Post(ctx, tx, money.Entry{
		Key: key, At: s.Now(), OrToday: true, Reason: "presale.unapplied", Order: sale, Ref: b.ID, Customer: b.Customer, Layer: b.Layer, By: by,
		Moves: []money.Move{{Debit: from, Credit: money.Deposits, Fen: fen}},
	})
	if err != nil {
		return err
	}
	if err := s.giveBack(ctx, tx, &b, key, fen, by); err != nil {
		return err
	}
	return save(ctx, tx, &b)
}
