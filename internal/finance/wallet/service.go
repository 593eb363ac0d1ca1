package wallet

import (
	"context"
	"fmt"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// Books is where changes are booked.
type Books interface {
	Post(ctx context.Context, tx *store.Tx, e money.Entry) error
}

// Service changes wallets.
type Service struct {
	db    *store.DB
	books Books
	now   clock.Clock
}

// NewService returns the wallets in db.
func NewService(db *store.DB, books Books, now clock.Clock) *Service {
	return &Service{db: db, books: books, now: now}
}

// TopUp puts money, a gift or both into a wallet and returns the line of its statement. The same key again returns the line
// it made, and is a Conflict with other words.
func (s *Service) TopUp(ctx context.Context, tx *store.Tx, t TopUp) (Move, error) {
	if err := t.check(); err != nil {
		return Move{}, err
	}
	w, done, err := s.begin(ctx, tx, t.Customer, t.Key, TopUpKind, t.PrincipalFen+t.GiftFen)
	if err != nil || done != nil {
		return found(done), err
	}
	now := s.now()
	if t.GiftFen > 0 {
		if t.ExpiresAt.IsZero() {
			rules, _, err := settings.Get(ctx, tx, SettingName, Default())
			if err != nil {
				return Move{}, err
			}
			if rules.GiftDays > 0 {
				t.ExpiresAt = now.AddDate(0, 0, int(rules.GiftDays))
			}
		}
		if !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now) {
			return Move{}, errs.New(errs.Invalid, "wallet.expired", "the gift would have expired already").At("expires_at")
		}
		lot := Lot{ID: id.New("lot"), Customer: t.Customer, AmountFen: t.GiftFen, LeftFen: t.GiftFen, ExpiresAt: t.ExpiresAt, Campaign: t.Campaign, Layer: t.Layer, CreatedAt: now}
		if err := store.Insert(ctx, tx, "wallet_lots", lot); err != nil {
			return Move{}, fmt.Errorf("top up: %w", err)
		}
	}
	m := Move{Key: t.Key, Kind: TopUpKind, PrincipalFen: t.PrincipalFen, GiftFen: t.GiftFen, Ref: t.Ref, By: t.By, Note: t.Note}
	return s.finish(ctx, tx, w, m, money.Entry{
		Reason: "wallet.topped_up", Ref: t.Ref, Campaign: t.Campaign, Layer: t.Layer, By: t.By, Note: t.Note,
		Moves: []money.Move{
			{Debit: or(t.From, money.Wechat), Credit: money.WalletPrincipal, Fen: t.PrincipalFen},
			{Debit: money.GiftCost, Credit: money.WalletGift, Fen: t.GiftFen},
		},
	})
}

// Spend pays for an order from a wallet. A wallet that holds less or is frozen is a Conflict ("wallet.short",
// "wallet.frozen") and changes nothing. The same key again returns the line it made.
func (s *Service) Spend(ctx context.Context, tx *store.Tx, c Spend) (Move, error) {
	if c.Key == "" || c.Order == "" {
		return Move{}, fmt.Errorf("wallet: a spending needs a key and an order: %+v", c)
	}
	w, done, err := s.begin(ctx, tx, c.Customer, c.Key, SpendKind, -c.Fen)
	if err != nil || done != nil {
		return found(done), err
	}
	rules, _, err := settings.Get(ctx, tx, SettingName, Default())
	if err != nil {
		return Move{}, err
	}
	principal, gift, err := rules.parts(w, c.Fen)
	if err != nil {
		return Move{}, err
	}
	var uses []use
	if gift > 0 {
		lots, err := lotsOf(ctx, tx, c.Customer)
		if err != nil {
			return Move{}, err
		}
		uses = take(lots, gift)
	}
	m := Move{Key: c.Key, Kind: SpendKind, PrincipalFen: -principal, GiftFen: -gift, Order: c.Order, Ref: c.Ref}
	m, err = s.finish(ctx, tx, w, m, money.Entry{
		Reason: "wallet.spent", Order: c.Order, Ref: c.Ref, Campaign: c.Campaign, Layer: c.Layer,
		Moves: []money.Move{
			{Debit: money.WalletPrincipal, Credit: money.Deferred, Fen: principal},
			{Debit: money.WalletGift, Credit: money.Deferred, Fen: gift},
		},
	})
	if err != nil {
		return Move{}, err
	}
	for i, u := range uses {
		uses[i].Move = m.ID
		if err := changeLot(ctx, tx, u.Lot, -u.Fen, time.Time{}); err != nil {
			return Move{}, err
		}
	}
	_, err = store.InsertAll(ctx, tx, "wallet_uses", uses, "")
	return m, err
}

// Refund gives part or all of a spending back: to principal what came of principal, to gifts what came of gifts, and to the
// very lots. More than was spent is a Conflict "wallet.refund_above". The same key again returns the line it made. A frozen
// wallet takes refunds.
func (s *Service) Refund(ctx context.Context, tx *store.Tx, r Refund) (Move, error) {
	spent, err := moveByKey(ctx, tx, r.Spend)
	if err != nil {
		return Move{}, err
	}
	if spent == nil || spent.Kind != SpendKind || r.Key == "" {
		return Move{}, errs.New(errs.NotFound, "wallet.no_spending", "there is no such spending")
	}
	w, done, err := s.begin(ctx, tx, spent.Customer, r.Key, RefundKind, r.Fen)
	if err != nil || done != nil {
		return found(done), err
	}
	if spent, err = moveByKey(ctx, tx, r.Spend); err != nil { // again, now that the wallet is locked
		return Move{}, err
	}
	principal, gift, err := spent.back(r.Fen)
	if err != nil {
		return Move{}, err
	}
	if _, err := tx.Exec(ctx, `UPDATE wallet_moves SET back_principal_fen = back_principal_fen + ?, back_gift_fen = back_gift_fen + ? WHERE id = ?`, principal, gift, spent.ID); err != nil {
		return Move{}, fmt.Errorf("wallet refund: %w", err)
	}
	if gift > 0 {
		if err := s.returnGift(ctx, tx, spent.ID, gift); err != nil {
			return Move{}, err
		}
	}
	against := or(r.Against, money.Deferred)
	m := Move{Key: r.Key, Kind: RefundKind, PrincipalFen: principal, GiftFen: gift, Order: spent.Order, Ref: r.Ref, By: r.By}
	return s.finish(ctx, tx, w, m, money.Entry{
		Reason: "wallet.refunded", Order: spent.Order, Ref: r.Ref, By: r.By,
		Moves: []money.Move{
			{Debit: against, Credit: money.WalletPrincipal, Fen: principal},
			{Debit: against, Credit: money.WalletGift, Fen: gift},
		},
	})
}

// returnGift gives gift money back to the lots a spending took it from, the one used last first. A lot that is over, or
// soon will be, lasts as many days more as the rules say.
func (s *Service) returnGift(ctx context.Context, tx *store.Tx, spending string, fen int64) error {
	rules, _, err := settings.Get(ctx, tx, SettingName, Default())
	if err != nil {
		return err
	}
	until := s.now().AddDate(0, 0, int(rules.ReturnedGiftDays))
	uses, err := store.All[use](ctx, tx, `SELECT u.* FROM wallet_uses u JOIN wallet_lots l ON l.id = u.lot_id WHERE u.move_id = ? AND u.back_fen < u.amount_fen
		ORDER BY l.expires_at IS NULL DESC, l.expires_at DESC, l.id DESC`, spending)
	if err != nil {
		return err
	}
	for _, u := range uses {
		n := min(u.Fen-u.Back, fen)
		if n == 0 {
			break
		}
		if _, err := tx.Exec(ctx, `UPDATE wallet_uses SET back_fen = back_fen + ? WHERE move_id = ? AND lot_id = ?`, n, spending, u.Lot); err != nil {
			return err
		}
		if err := changeLot(ctx, tx, u.Lot, n, until); err != nil {
			return err
		}
		fen -= n
	}
	if fen > 0 {
		return fmt.Errorf("wallet: %d fen of gift of %s have no lot to go back to", fen, spending)
	}
	return nil
}

// Withdraw pays principal out. More than there is, or a frozen wallet, is a Conflict.
func (s *Service) Withdraw(ctx context.Context, tx *store.Tx, c Withdraw) (Move, error) {
	w, done, err := s.begin(ctx, tx, c.Customer, c.Key, WithdrawKind, -c.Fen)
	if err != nil || done != nil {
		return found(done), err
	}
	switch {
	case c.Fen <= 0:
		return Move{}, errs.New(errs.Invalid, "wallet.amount", "an amount is above zero").At("amount_fen")
	case w.Frozen:
		return Move{}, errs.New(errs.Conflict, "wallet.frozen", "the wallet is frozen")
	case c.Fen > w.PrincipalFen:
		return Move{}, errs.New(errs.Conflict, "wallet.short", "the wallet holds less than that")
	}
	return s.finish(ctx, tx, w, Move{Key: c.Key, Kind: WithdrawKind, PrincipalFen: -c.Fen, By: c.By, Note: c.Note}, money.Entry{
		Reason: "wallet.withdrawn", By: c.By, Note: c.Note,
		Moves: []money.Move{{Debit: money.WalletPrincipal, Credit: or(c.To, money.Bank), Fen: c.Fen}},
	})
}

// Freeze stops spending and paying out, or allows them again.
func (s *Service) Freeze(ctx context.Context, customer uint32, frozen bool, why string) (Wallet, error) {
	if frozen && why == "" {
		return Wallet{}, errs.New(errs.Invalid, "wallet.why", "say why").At("why")
	}
	var out Wallet
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		w, err := lock(ctx, tx, customer, s.now())
		if err != nil {
			return err
		}
		if !frozen {
			why = ""
		}
		out, err = store.One[Wallet](ctx, tx, `UPDATE wallets SET frozen = ?, frozen_why = ? WHERE customer = ? RETURNING *`, frozen, why, int64(w.Customer))
		return err
	})
	return out, err
}

// Expire takes away gifts that are over, of at most so many wallets, and returns of how many. Each wallet is a transaction of
// its own. Call it again until it returns less than most.
func (s *Service) Expire(ctx context.Context, most int) (int, error) {
	due, err := store.All[uint32](ctx, s.db, `SELECT DISTINCT customer FROM wallet_lots WHERE left_fen > 0 AND expires_at IS NOT NULL AND expires_at <= ? LIMIT ?`, s.now(), most)
	if err != nil {
		return 0, err
	}
	for _, customer := range due {
		err := s.db.Tx(ctx, func(tx *store.Tx) error {
			w, err := lock(ctx, tx, customer, s.now())
			if err != nil {
				return err
			}
			_, err = s.expire(ctx, tx, w)
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("expire gifts of %d: %w", customer, err)
		}
	}
	return len(due), nil
}

// begin locks a wallet, takes away its gifts that are over, and returns it; or the line that the key made before.
func (s *Service) begin(ctx context.Context, tx *store.Tx, customer uint32, key string, kind Kind, fen int64) (Wallet, *Move, error) {
	if customer == 0 || key == "" {
		return Wallet{}, nil, errs.New(errs.Invalid, "wallet.nobody", "a wallet belongs to a customer")
	}
	w, err := lock(ctx, tx, customer, s.now())
	if err != nil {
		return Wallet{}, nil, err
	}
	done, err := moveByKey(ctx, tx, key)
	if err != nil {
		return Wallet{}, nil, err
	}
	if done != nil {
		if done.Kind != kind || done.Customer != customer || done.PrincipalFen+done.GiftFen != fen {
			return Wallet{}, nil, errs.New(errs.Conflict, "wallet.key_reused", "the request was made before with other words")
		}
		return w, done, nil
	}
	w, err = s.expire(ctx, tx, w)
	return w, nil, err
}

func found(m *Move) Move {
	if m == nil {
		return Move{}
	}
	return *m
}

// expire takes away the gifts of a locked wallet that are over.
func (s *Service) expire(ctx context.Context, tx *store.Tx, w Wallet) (Wallet, error) {
	if w.GiftFen == 0 {
		return w, nil
	}
	now := s.now()
	lots, err := store.All[Lot](ctx, tx, `SELECT * FROM wallet_lots WHERE customer = ? AND left_fen > 0 AND expires_at <= ? ORDER BY expires_at, id`, int64(w.Customer), now)
	if err != nil || len(lots) == 0 {
		return w, err
	}
	moveID, gift := id.New("wmv"), int64(0)
	var moves []money.Move
	for _, l := range lots {
		if err := changeLot(ctx, tx, l.ID, -l.LeftFen, time.Time{}); err != nil {
			return w, err
		}
		gift += l.LeftFen
		moves = append(moves, money.Move{Debit: money.WalletGift, Credit: money.GiftBreakage, Fen: l.LeftFen, Campaign: l.Campaign, Layer: l.Layer})
	}
	m, err := s.finish(ctx, tx, w, Move{ID: moveID, Key: "expire/" + moveID, Kind: ExpireKind, GiftFen: -gift}, money.Entry{Reason: "wallet.expired", Moves: moves})
	w.GiftFen = m.GiftAfter
	return w, err
}

// finish writes the line, the wallet, the books and the fact of a change.
func (s *Service) finish(ctx context.Context, tx *store.Tx, w Wallet, m Move, e money.Entry) (Move, error) {
	if m.ID == "" {
		m.ID = id.New("wmv")
	}
	m.Customer, m.At = w.Customer, s.now()
	m.PrincipalAfter, m.GiftAfter = w.PrincipalFen+m.PrincipalFen, w.GiftFen+m.GiftFen
	if _, err := tx.Exec(ctx, `UPDATE wallets SET principal_fen = ?, gift_fen = ?, updated_at = ? WHERE customer = ?`, m.PrincipalAfter, m.GiftAfter, m.At, int64(w.Customer)); err != nil {
		return Move{}, fmt.Errorf("wallet %s: %w", m.Kind, err)
	}
	if err := store.Insert(ctx, tx, "wallet_moves", m); err != nil {
		return Move{}, fmt.Errorf("wallet %s: %w", m.Kind, err)
	}
	e.Key, e.At, e.Customer = "wallet/"+m.ID, m.At, m.Customer
	if e.Ref == "" {
		e.Ref = m.ID
	}
	if err := s.books.Post(ctx, tx, e); err != nil {
		return Move{}, err
	}
	return m, outbox.Append(ctx, tx, m.fact())
}

func or(a, b money.Account) money.Account {
	if a != "" {
		return a
	}
	return b
}
