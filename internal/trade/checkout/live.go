package checkout

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/order"
	"huoshui/internal/trade/pricing"
)

// Why a sale was closed.
const (
	ByCustomer = "customer"
	ByTimeout  = "timeout"
	ByStaff    = "staff"
)

// Paid says, in the transaction that records the payment, that the cash of a sale has arrived. The same payment again changes
// nothing. An amount that is not the sale's is a Conflict "sale.amount"; a sale that was closed meanwhile, or paid by another
// payment, is a Conflict "sale.state": the money must go back.
func (s *Service) Paid(ctx context.Context, tx *store.Tx, saleID, payment string, fen int64, at time.Time) (Sale, error) {
	sale, err := held(ctx, tx, saleID, 0)
	if err != nil {
		return sale, err
	}
	if sale.Payment == payment && sale.State != Unpaid {
		return sale, nil
	}
	if fen != sale.CashFen {
		return sale, errs.New(errs.Conflict, "sale.amount", "the sale costs %d fen, %d were paid", sale.CashFen, fen).With("total_fen", sale.CashFen)
	}
	return s.paid(ctx, tx, sale, payment, at)
}

// paid turns an unpaid sale into a paid order.
func (s *Service) paid(ctx context.Context, tx *store.Tx, sale Sale, payment string, at time.Time) (Sale, error) {
	var err error
	if sale.State, err = sale.State.after(pay); err != nil {
		return sale, err
	}
	if len(sale.Quote.Coupons) > 0 || sale.Form.Kind != "" {
		if err := s.Offers.Paid(ctx, tx, sale.ID, sale.Form, at); err != nil {
			return sale, err
		}
	}
	taken, err := inventory.Take(ctx, tx, sale.ID, at)
	if err != nil {
		return sale, err
	}
	if !taken {
		return sale, fmt.Errorf("sale %s: its stock is not promised any more", sale.ID)
	}
	if e := sale.discounts(at); len(e.Moves) > 0 {
		if err := s.Books.Post(ctx, tx, e); err != nil {
			return sale, err
		}
	}
	in := order.Incoming{Number: sale.Number, Customer: sale.Customer, PaidAt: at, AmountFen: sale.TotalFen, Fixed: true, Store: Channel}
	for i, l := range sale.Quote.Lines {
		in.Lines = append(in.Lines, order.IncomingLine{Key: l.Key, Product: l.SKU, Name: sale.Lines[i].Name, Category: sale.Lines[i].Category, Quantity: l.Quantity, AmountFen: l.PayFen})
	}
	outcomes, sums, err := s.Settler.Settle(ctx, tx, Channel, "", nil, []order.Incoming{in}, at)
	if err != nil {
		return sale, err
	}
	if err := s.People.Bought(ctx, tx, sums); err != nil {
		return sale, err
	}
	sale.OrderID, sale.Payment, sale.PaidAt, sale.DueAt = outcomes[0].OrderID, payment, at, time.Time{}
	if err := countSold(ctx, tx, &sale, nil, 1); err != nil {
		return sale, err
	}
	if sale.Waiting, err = s.issue(ctx, tx, &sale, at); err != nil {
		return sale, err
	}
	if !sent(sale.Lines) && !later(sale.Lines) && sale.Waiting == 0 { // nothing is left to do
		return s.finish(ctx, tx, sale, at)
	}
	return sale, save(ctx, tx, sale)
}

// later reports whether something of a sale is done for the customer later.
func later(lines []Line) bool {
	for _, l := range lines {
		if l.Kind == catalog.KindService || l.Kind == catalog.KindCourse {
			return true
		}
	}
	return false
}

// Close ends an unpaid sale and gives everything it took back: stock, coupons, points, balance. A customer closes her own;
// customer 0 is staff or the clock. One that was paid meanwhile is a Conflict.
func (s *Service) Close(ctx context.Context, customer uint32, saleID, reason string) (sale Sale, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		sale, err = s.close(ctx, tx, customer, saleID, reason)
		return err
	})
	return sale, err
}

func (s *Service) close(ctx context.Context, tx *store.Tx, customer uint32, saleID, reason string) (Sale, error) {
	sale, err := held(ctx, tx, saleID, customer)
	if err != nil {
		return sale, err
	}
	if sale.State == Closed {
		return sale, nil
	}
	if sale.State, err = sale.State.after(closes); err != nil {
		return sale, err
	}
	now := s.Now()
	if err := s.Offers.Return(ctx, tx, sale.ID, nil, true, now); err != nil {
		return sale, err
	}
	if sale.Form.Kind != "" {
		if err := s.Offers.Left(ctx, tx, sale.ID, sale.Form, now); err != nil {
			return sale, err
		}
	}
	if err := inventory.Release(ctx, tx, sale.ID); err != nil {
		return sale, err
	}
	if sale.CashFen > 0 {
		if err := s.Payments.Release(ctx, tx, sale.ID, reason); err != nil {
			return sale, err
		}
	}
	if sale.Quote.Points > 0 {
		if err := s.Points.Return(ctx, tx, sale.ID+"/points/closed", sale.ID+"/points", sale.Quote.Points, sale.Quote.PointsFen, false, ""); err != nil {
			return sale, err
		}
	}
	if fen := sale.balance(); fen > 0 {
		if err := s.Wallet.Refund(ctx, tx, sale.ID+"/wallet/closed", sale.ID+"/wallet", fen, false, ""); err != nil {
			return sale, err
		}
	}
	sale.CloseReason, sale.ClosedAt, sale.DueAt = reason, now, time.Time{}
	if err := save(ctx, tx, sale); err != nil {
		return sale, err
	}
	return sale, outbox.Append(ctx, tx, sale.fact(event.OrderClosed, now, reason))
}

// Ship says that a paid sale is on its way.
func (s *Service) Ship(ctx context.Context, saleID, carrier, tracking string) (sale Sale, err error) {
	if len(carrier) > 40 || tracking == "" || len(tracking) > 64 {
		return sale, errs.New(errs.Invalid, "sale.tracking", "a tracking number has up to 64 characters").At("tracking")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if sale, err = held(ctx, tx, saleID, 0); err != nil {
			return err
		}
		if sale.Delivery == ByPickup {
			return errs.New(errs.Conflict, "sale.pickup", "this order is picked up, not sent")
		}
		if sale.State == Shipped { // a wrong number is put right
			sale.Carrier, sale.Tracking = carrier, tracking
			return save(ctx, tx, sale)
		}
		if err := sale.unheld(); err != nil {
			return err
		}
		if sale.State, err = sale.State.after(ship); err != nil {
			return err
		}
		times, _, err := settings.Get(ctx, tx, SettingName, DefaultRules())
		if err != nil {
			return err
		}
		now := s.Now()
		sale.Carrier, sale.Tracking, sale.ShippedAt, sale.DueAt = carrier, tracking, now, now.AddDate(0, 0, int(times.FinishDays))
		if err := save(ctx, tx, sale); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, sale.fact(event.OrderShipped, now, carrier))
	})
	return sale, err
}

// Finish says that a sale was received: by the customer, or by staff and the clock (customer 0).
func (s *Service) Finish(ctx context.Context, customer uint32, saleID string) (sale Sale, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if sale, err = held(ctx, tx, saleID, customer); err != nil || sale.State == Finished {
			return err
		}
		sale, err = s.finish(ctx, tx, sale, s.Now())
		return err
	})
	return sale, err
}

// finish books what was received as revenue and lets it earn points.
func (s *Service) finish(ctx context.Context, tx *store.Tx, sale Sale, at time.Time) (Sale, error) {
	err := sale.unheld()
	if err != nil {
		return sale, err
	}
	if sale.State, err = sale.State.after(finish); err != nil {
		return sale, err
	}
	goods, freight, err := s.left(ctx, tx, sale)
	if err != nil {
		return sale, err
	}
	if goods+freight > 0 {
		err = s.Books.Post(ctx, tx, money.Entry{
			Key: sale.ID + "/finished", At: at, OrToday: true, Reason: "order.finished", Order: sale.ID, Customer: sale.Customer, Layer: sale.Layer,
			Moves: []money.Move{{Debit: money.Deferred, Credit: money.Revenue, Fen: goods}, {Debit: money.Deferred, Credit: money.FreightIncome, Fen: freight}},
		})
		if err != nil {
			return sale, err
		}
	}
	if paid := sale.TotalFen - sale.RefundedFen; paid > 0 {
		who, err := s.People.Buyer(ctx, tx, sale.Customer)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return sale, err
		}
		if err == nil { // who was erased meanwhile earns nothing
			sale.EarnedFen = paid
			if err := s.Points.Earn(ctx, tx, sale.Customer, sale.ID+"/earned", sale.ID, who.Level, sale.Layer, paid); err != nil {
				return sale, err
			}
		}
	}
	sale.FinishedAt, sale.DueAt = at, time.Time{}
	if err := save(ctx, tx, sale); err != nil {
		return sale, err
	}
	return sale, outbox.Append(ctx, tx, sale.fact(event.OrderFinished, at, ""))
}

// left is what is still held for a sale at gross prices: goods, and freight. What came back before it was finished took its
// part of discounts with it.
func (s *Service) left(ctx context.Context, q store.Querier, sale Sale) (goods, freight int64, err error) {
	back, err := givenOf(ctx, q, sale.ID)
	if err != nil {
		return 0, 0, err
	}
	a := sale.back(back)
	return sale.Quote.ListFen - a.goods, sale.Quote.Freight.ListFen - a.freight, nil
}

func givenOf(ctx context.Context, q store.Querier, saleID string) (map[string]pricing.Given, error) {
	rows, err := store.All[given](ctx, q, `SELECT * FROM sale_given WHERE sale = ?`, saleID)
	out := make(map[string]pricing.Given, len(rows))
	for _, r := range rows {
		out[r.Key] = pricing.Given{Quantity: r.Quantity, Money: pricing.Money{CashFen: r.CashFen, PrincipalFen: r.PrincipalFen, GiftFen: r.GiftFen, Points: r.Points, DepositFen: r.DepositFen}}
	}
	return out, err
}

// GiveBack gives part of a paid sale back, once per request: money to where it came from, points, coupons whose goods all came
// back, and the units of restock to the stock. What was not paid cannot come back: an Invalid error. by is who decided it.
func (s *Service) GiveBack(ctx context.Context, saleID, request string, giving pricing.Giving, restock []inventory.Item, by string) (out pricing.Refund, err error) {
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		out, err = s.GiveBackTx(ctx, tx, saleID, request, giving, restock, by)
		return err
	})
	return out, err
}

// GiveBackTx is GiveBack in a transaction of the caller's.
func (s *Service) GiveBackTx(ctx context.Context, tx *store.Tx, saleID, request string, giving pricing.Giving, restock []inventory.Item, by string) (pricing.Refund, error) {
	var out pricing.Refund
	if request == "" || len(request) > 64 {
		return out, errs.New(errs.Invalid, "sale.request", "a request has an id of up to 64 bytes").At("request")
	}
	sale, err := held(ctx, tx, saleID, 0)
	if err != nil {
		return out, err
	}
	done, err := store.One[string](ctx, tx, `SELECT refund FROM sale_refunds WHERE sale = ? AND request = ?`, saleID, request)
	if err == nil {
		return out, json.Unmarshal([]byte(done), &out)
	} else if !errs.Is(err, errs.NotFound) {
		return out, err
	}
	if sale.OrderID == "" || sale.State == Refunded {
		return out, errs.New(errs.Conflict, "sale.state", "nothing of a sale that is %s can be given back", sale.State).With("state", string(sale.State))
	}
	before, err := givenOf(ctx, tx, saleID)
	if err != nil {
		return out, err
	}
	if out, err = pricing.RefundOf(&sale.Quote, before, giving); err != nil {
		return out, err
	}
	now := s.Now()
	if err := s.giveMoney(ctx, tx, &sale, request, before, &out, by, now); err != nil {
		return out, err
	}
	if len(out.Coupons) > 0 {
		if err := s.Offers.Return(ctx, tx, saleID, out.Coupons, false, now); err != nil {
			return out, err
		}
	}
	if len(restock) > 0 {
		if err := inventory.Change(ctx, tx, inventory.Online, inventory.Returned, saleID+"/"+request, "", by, restock, now); err != nil {
			return out, err
		}
	}
	body, err := json.Marshal(out)
	if err != nil {
		return out, fmt.Errorf("refund: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO sale_refunds (sale, request, refund, made_by, at) VALUES (?, ?, ?, ?, ?)`, saleID, request, string(body), by, now); err != nil {
		return out, err
	}
	return out, save(ctx, tx, sale)
}

// giveMoney moves the money and points of a refund, in the books, the order and the sale.
func (s *Service) giveMoney(ctx context.Context, tx *store.Tx, sale *Sale, request string, before map[string]pricing.Given, r *pricing.Refund, by string, now time.Time) error {
	finished, key := !sale.FinishedAt.IsZero(), sale.ID+"/refund/"+request
	after := maps.Clone(before)
	units := map[string]int64{}
	parts := make([]order.Back, 0, len(r.Lines))
	for _, l := range r.Lines {
		g := after[l.Key]
		g.Quantity += l.Quantity
		g.CashFen, g.PrincipalFen, g.GiftFen, g.Points, g.DepositFen = g.CashFen+l.CashFen, g.PrincipalFen+l.PrincipalFen, g.GiftFen+l.GiftFen, g.Points+l.Points, g.DepositFen+l.DepositFen
		after[l.Key], units[l.Key] = g, l.Quantity
		if _, err := tx.Exec(ctx, `INSERT INTO sale_given (sale, key, quantity, cash_fen, principal_fen, gift_fen, points, deposit_fen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (sale, key) DO UPDATE SET quantity = excluded.quantity, cash_fen = excluded.cash_fen, principal_fen = excluded.principal_fen,
				gift_fen = excluded.gift_fen, points = excluded.points, deposit_fen = excluded.deposit_fen`, sale.ID, l.Key, g.Quantity, g.CashFen, g.PrincipalFen, g.GiftFen, g.Points, g.DepositFen); err != nil {
			return err
		}
		part := order.Back{Key: l.Key, Product: l.SKU, Quantity: l.Quantity, AmountFen: l.Fen()}
		if l.Key == pricing.FreightKey {
			part = order.Back{AmountFen: l.Fen()}
		}
		parts = append(parts, part)
	}
	if r.CashFen > 0 {
		if err := s.Payments.Refund(ctx, tx, key+"/cash", sale.ID, r.CashFen, finished, by); err != nil {
			return err
		}
	}
	if fen := r.PrincipalFen + r.GiftFen; fen > 0 {
		if err := s.Wallet.Refund(ctx, tx, key+"/wallet", sale.ID+"/wallet", fen, finished, by); err != nil {
			return err
		}
	}
	if r.DepositFen > 0 {
		if err := s.Deposits.GiveBack(ctx, tx, key+"/deposit", sale.Form.Booking, sale.ID, r.DepositFen, finished, by); err != nil {
			return err
		}
	}
	off := sale.back(after).less(sale.back(before))
	if r.Points+off.points > 0 {
		if err := s.Points.Return(ctx, tx, key+"/points", sale.ID+"/points", r.Points, off.points, finished, by); err != nil {
			return err
		}
	}
	if off.discounts+off.coupons > 0 {
		if err := s.Books.Post(ctx, tx, sale.undiscount(key, off, now)); err != nil {
			return err
		}
	}
	if finished && r.Fen() > 0 && sale.EarnedFen > 0 {
		left := max(sale.TotalFen-sale.RefundedFen-r.Fen(), 0)
		if err := s.Points.Keep(ctx, tx, key+"/earned", sale.ID+"/earned", left, sale.EarnedFen, by); err != nil {
			return err
		}
	}
	o, err := store.One[order.Order](ctx, tx, `SELECT * FROM orders WHERE id = ?`, sale.OrderID)
	if err != nil {
		return err
	}
	sum, err := order.GiveBack(ctx, tx, o, sale.Number+"/"+request, parts, now)
	if err != nil {
		return err
	}
	if err := s.People.Bought(ctx, tx, map[uint32]*order.Sum{o.Customer: sum}); err != nil {
		return err
	}
	if err := countSold(ctx, tx, sale, units, -1); err != nil {
		return err
	}
	sale.RefundedFen += r.Fen()
	if sale.Waiting > 0 {
		if sale.Waiting, err = sale.owed(ctx, tx, after); err != nil {
			return err
		}
	}
	if sale.allBack(after) {
		if sale.State, err = sale.State.after(refund); err != nil {
			return err
		}
		sale.DueAt, sale.Waiting, sale.Held = time.Time{}, 0, false
		if sale.Form.Kind != "" {
			if err := s.Offers.Left(ctx, tx, sale.ID, sale.Form, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// allBack reports whether everything of a sale has come back: each unit, and all its money.
func (s *Sale) allBack(after map[string]pricing.Given) bool {
	for _, l := range s.Quote.Lines {
		if after[l.Key].Quantity < l.Quantity {
			return false
		}
	}
	return s.RefundedFen == s.TotalFen
}

// amounts are what was given back at gross prices, and how much of it were discounts, coupons and points.
type amounts struct{ goods, freight, discounts, coupons, points int64 }

func (a amounts) less(b amounts) amounts {
	return amounts{a.goods - b.goods, a.freight - b.freight, a.discounts - b.discounts, a.coupons - b.coupons, a.points - b.points}
}

// back is what has been given back in all. Of n units of a line the first k bring k/n of each thing taken off it back, rounded
// down, beside the money; money that was given without units brings none back, and all units bring the rest.
func (s *Sale) back(g map[string]pricing.Given) (a amounts) {
	for _, l := range s.Quote.Lines {
		off := s.taken(l.Adjustments, g[l.Key].Quantity, l.Quantity)
		a.discounts, a.coupons, a.points = a.discounts+off.discounts, a.coupons+off.coupons, a.points+off.points
		had := g[l.Key]
		a.goods += had.Fen() + off.discounts + off.coupons + off.points
	}
	had := g[pricing.FreightKey]
	off := s.taken(s.Quote.Freight.Adjustments, had.Quantity, 1)
	a.discounts, a.coupons = a.discounts+off.discounts, a.coupons+off.coupons
	a.freight += had.Fen() + off.discounts + off.coupons
	return a
}

// taken is what was taken off the first k of n units.
func (s *Sale) taken(all []pricing.Adjustment, k, n int64) (a amounts) {
	for _, adj := range all {
		part := money.Share(adj.Fen, k, n)
		switch kind := s.Quote.Applied[adj.Applied].Kind; {
		case kind == pricing.KindPoints:
			a.points += part
		case isCoupon(kind):
			a.coupons += part
		default:
			a.discounts += part
		}
	}
	return a
}

func isCoupon(k pricing.Kind) bool {
	switch k {
	case pricing.KindCouponGift, pricing.KindCouponFull, pricing.KindCouponDiscount, pricing.KindCouponFreight:
		return true
	}
	return false
}

// undiscount books the discounts and coupons of what came back as not given.
func (s *Sale) undiscount(key string, a amounts, at time.Time) money.Entry {
	from := money.Deferred
	if !s.FinishedAt.IsZero() {
		from = money.SalesReturns
	}
	return money.Entry{
		Key: key + "/discounts", At: at, OrToday: true, Reason: "order.undiscounted", Order: s.ID, Ref: key, Customer: s.Customer, Layer: s.Layer,
		Moves: []money.Move{{Debit: from, Credit: money.Discounts, Fen: a.discounts}, {Debit: from, Credit: money.CouponCost, Fen: a.coupons}},
	}
}
