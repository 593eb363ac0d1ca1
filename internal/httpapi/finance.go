package httpapi

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"strings"

	"huoshui/internal/app/paywire"
	"huoshui/internal/finance/ledger"
	"huoshui/internal/finance/payment"
	"huoshui/internal/finance/reconcile"
	"huoshui/internal/finance/wallet"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// orderMoney is where an order's money came from and went.
type orderMoney struct {
	Entries  []ledger.Booked   `json:"entries"`
	Payments []payment.Payment `json:"payments"`
	Refunds  []payment.Refund  `json:"refunds"`
}

// auditResult is how the books stand.
type auditResult struct {
	Differences int             `json:"differences"`
	Checks      []ledger.Result `json:"checks"`
}

// customerMoney is what a customer has with us.
type customerMoney struct {
	Wallet  wallet.Wallet   `json:"wallet"`
	Gifts   []wallet.Lot    `json:"gifts"`
	Moves   []wallet.Move   `json:"moves" doc:"The latest fifty"`
	Points  loyalty.Account `json:"points"`
	Batches []loyalty.Batch `json:"batches"`
	Earned  []loyalty.Move  `json:"points_moves" doc:"The latest fifty"`
}

// financeState is what finance looks at first.
type financeState struct {
	Today          string         `json:"today"`
	ClosedThrough  string         `json:"closed_through"`
	Wallets        wallet.Totals  `json:"wallets"`
	Points         loyalty.Totals `json:"points"`
	DeferredFen    int64          `json:"deferred_fen" doc:"Received for orders that are not finished"`
	WechatFen      int64          `json:"wechat_fen" doc:"At WeChat Pay, not settled to the bank"`
	RefundsOwedFen int64          `json:"refunds_owed_fen" doc:"Refunds decided, not yet with the customer"`
	RefundTrouble  int            `json:"refund_trouble" doc:"Refunds that wait for a person; at most 100 are counted"`
	Simulated      bool           `json:"simulated" doc:"WeChat Pay is the local one"`
}

// walletRules and pointsRules are settings with their version.
type walletRules struct {
	Rules   wallet.Rules `json:"rules"`
	Version int64        `json:"version" doc:"The version that was read; another writer's change is a conflict"`
}

type pointsRules struct {
	Rules   loyalty.Rules `json:"rules"`
	Version int64         `json:"version" doc:"The version that was read; another writer's change is a conflict"`
}

// registerFinance: the books, payments, wallets and their reconciliation.
func registerFinance(a *API) {
	a.registerBooks()
	a.registerPayments()
	a.registerWallets()
	a.registerReconcile()
	a.registerWechatPay()
}

// Span is some business days.
type Span struct {
	From string `query:"from" format:"date" doc:"First business day; today when left out"`
	To   string `query:"to" format:"date" doc:"Last business day; today when left out"`
}

// days returns the first and the last day asked for.
func (a *API) days(s Span) (from, to string) {
	from, to = s.From, s.To
	if to == "" {
		to = a.Services.Books.Today()
	}
	if from == "" {
		from = to
	}
	return from, to
}

func (a *API) registerBooks() {
	get(a, "/api/v1/finance", "get_finance", staff.FinanceRead, func(ctx context.Context, _ *struct{}) (out financeState, err error) {
		s := a.Services
		db := s.Books.DB()
		out.Today, out.Simulated = s.Books.Today(), s.PaySimulator != nil
		if out.ClosedThrough, err = ledger.LastClosed(ctx, db); err != nil {
			return out, err
		}
		if out.Wallets, err = wallet.Sums(ctx, db); err != nil {
			return out, err
		}
		if out.Points, err = loyalty.Sums(ctx, db); err != nil {
			return out, err
		}
		for account, to := range map[money.Account]*int64{money.Deferred: &out.DeferredFen, money.Wechat: &out.WechatFen, money.RefundsPayable: &out.RefundsOwedFen} {
			if *to, err = ledger.BalanceOf(ctx, db, account); err != nil {
				return out, err
			}
		}
		out.DeferredFen, out.RefundsOwedFen = -out.DeferredFen, -out.RefundsOwedFen
		trouble, err := payment.Refunds(ctx, db, true, "", 100)
		out.RefundTrouble = len(trouble)
		return out, err
	}, summary("What finance looks at first"))

	get(a, "/api/v1/finance/chart", "list_accounts", staff.FinanceRead, func(context.Context, *struct{}) (Page[ledger.AccountInfo], error) {
		chart := ledger.Chart()
		return PageOf(chart, "", int64(len(chart))), nil
	}, summary("The chart of accounts"))

	get(a, "/api/v1/finance/trial-balance", "get_trial_balance", staff.FinanceRead, func(ctx context.Context, in *Span) (ledger.Trial, error) {
		from, to := a.days(*in)
		return ledger.TrialBalance(ctx, a.Services.Books.DB(), from, to)
	}, summary("The trial balance of some days"))

	type statement struct {
		Paging
		Account  string `path:"account" maxLength:"40"`
		From     string `query:"from" format:"date"`
		To       string `query:"to" format:"date"`
		Customer uint32 `query:"customer" doc:"Dense customer number"`
		Campaign string `query:"campaign" maxLength:"64"`
		Layer    string `query:"layer" maxLength:"64"`
		Order    string `query:"order" maxLength:"64"`
	}
	get(a, "/api/v1/finance/accounts/{account}", "get_statement", staff.FinanceRead, func(ctx context.Context, in *statement) (Page[ledger.StatementLine], error) {
		f := ledger.Filter{Account: money.Account(in.Account), From: in.From, To: in.To, Customer: in.Customer, Campaign: in.Campaign, Layer: in.Layer, Order: in.Order}
		lines, next, err := ledger.Statement(ctx, a.Services.Books.DB(), f, in.After, in.Limit)
		return PageOf(lines, next, -1), err
	}, summary("An account's statement, newest first"))

	type journal struct {
		Paging
		From   string `query:"from" format:"date"`
		To     string `query:"to" format:"date"`
		Reason string `query:"reason" maxLength:"64"`
	}
	get(a, "/api/v1/finance/entries", "list_entries", staff.FinanceRead, func(ctx context.Context, in *journal) (Page[ledger.Booked], error) {
		all, next, err := ledger.Journal(ctx, a.Services.Books.DB(), in.From, in.To, in.Reason, in.After, in.Limit)
		return PageOf(all, next, -1), err
	}, summary("Everything booked, newest first"))
	post(a, "/api/v1/finance/entries", "book_correction", staff.FinanceWrite, func(ctx context.Context, in *struct{ Body ledger.Correction }) (ledger.Entry, error) {
		return a.Services.Books.Correct(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Book an entry by hand: a correction, a settlement; nothing booked is ever changed"))

	type byOrder struct {
		Order string `path:"order" maxLength:"64"`
	}
	get(a, "/api/v1/finance/orders/{order}", "get_order_money", staff.FinanceRead, func(ctx context.Context, in *byOrder) (out orderMoney, err error) {
		db := a.Services.Books.DB()
		if out.Entries, err = ledger.Trail(ctx, db, in.Order); err != nil {
			return out, err
		}
		if out.Payments, err = payment.OfOrder(ctx, db, in.Order); err != nil {
			return out, err
		}
		out.Refunds, err = payment.RefundsOfOrder(ctx, db, in.Order)
		if err == nil && len(out.Entries)+len(out.Payments) == 0 {
			return out, errs.New(errs.NotFound, "ledger.no_trail", "no money of such an order was booked")
		}
		return out, err
	}, summary("An order's money trail: where it came from and went"))

	get(a, "/api/v1/finance/closes", "list_closes", staff.FinanceRead, func(ctx context.Context, in *Paging) (Page[ledger.Closed], error) {
		all, err := ledger.Closes(ctx, a.Services.Books.DB(), in.After, in.Limit)
		next := ""
		if len(all) == in.Limit {
			next = all[len(all)-1].Day
		}
		return PageOf(all, next, -1), err
	}, summary("Closed days, latest first"))
	type closing struct {
		Body struct {
			Day  string `json:"day" format:"date" doc:"It and every day before it are closed"`
			Note string `json:"note,omitempty" maxLength:"500"`
		}
	}
	post(a, "/api/v1/finance/closes", "close_day", staff.FinanceClose, func(ctx context.Context, in *closing) (ledger.Closed, error) {
		return a.Services.Books.Close(ctx, in.Body.Day, auth.From(ctx).ID, in.Body.Note)
	}, summary("Close a business day for good"))

	get(a, "/api/v1/finance/check", "check_books", staff.FinanceRead, func(ctx context.Context, _ *struct{}) (out auditResult, err error) {
		out.Checks, err = a.Services.Audit(ctx)
		for _, c := range out.Checks {
			out.Differences += len(c.Differences)
		}
		return out, err
	}, summary("Hold the books against wallets, points, payments and themselves"))

	type benefits struct {
		Span
		By string `query:"by" enum:"campaign,layer" default:"campaign"`
	}
	get(a, "/api/v1/finance/benefits", "list_benefits", staff.FinanceRead, func(ctx context.Context, in *benefits) (Page[ledger.Benefit], error) {
		from, to := a.days(in.Span)
		all, err := ledger.Benefits(ctx, a.Services.Books.DB(), from, to, in.By)
		return PageOf(all, "", int64(len(all))), err
	}, summary("What was given to customers, by campaign or layer: discounts, coupons, gifts, points, and what expired"))

	raw(a, http.MethodGet, "/api/v1/finance/export", "export_books", staff.FinanceRead, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", func(w http.ResponseWriter, r *http.Request) error {
		from, to := a.days(Span{r.URL.Query().Get("from"), r.URL.Query().Get("to")})
		var out bytes.Buffer
		if err := ledger.Export(r.Context(), a.Services.Books.DB(), &out, from, to, a.Services.Books.Zone()); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		w.Header().Set("Content-Disposition", `attachment; filename="ledger-`+from+`-`+to+`.xlsx"`)
		w.Header().Set("Cache-Control", "no-store")
		_, err := w.Write(out.Bytes())
		return err
	}, summary("Trial balance and every move of some days as XLSX"), param("from", "First business day, YYYY-MM-DD"), param("to", "Last business day, YYYY-MM-DD"))
}

func (a *API) registerPayments() {
	type payments struct {
		Paging
		State string `query:"state" enum:"created,pending,closing,closed,paid"`
	}
	get(a, "/api/v1/finance/payments", "list_payments", staff.FinanceRead, func(ctx context.Context, in *payments) (Page[payment.Payment], error) {
		all, err := payment.List(ctx, a.Services.Books.DB(), payment.State(in.State), in.After, in.Limit)
		next := ""
		if len(all) == in.Limit {
			next = all[len(all)-1].ID
		}
		return PageOf(all, next, -1), err
	}, summary("Payments, newest first"))
	type refunds struct {
		Paging
		Trouble bool `query:"trouble" doc:"Only those that wait for a person"`
	}
	get(a, "/api/v1/finance/refunds", "list_refunds", staff.FinanceRead, func(ctx context.Context, in *refunds) (Page[payment.Refund], error) {
		all, err := payment.Refunds(ctx, a.Services.Books.DB(), in.Trouble, in.After, in.Limit)
		next := ""
		if len(all) == in.Limit {
			next = all[len(all)-1].ID
		}
		return PageOf(all, next, -1), err
	}, summary("Refunds, newest first"))
	type byID struct {
		ID string `path:"id" maxLength:"64"`
	}
	post(a, "/api/v1/finance/refunds/{id}/retry", "retry_refund", staff.FinanceWrite, func(ctx context.Context, in *byID) (payment.Refund, error) {
		return a.Services.Payments.Retry(ctx, in.ID)
	}, summary("Ask WeChat again for a refund that it gave up"))
	type paidOut struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Note string `json:"note" minLength:"1" maxLength:"500" doc:"How it was paid"`
		}
	}
	post(a, "/api/v1/finance/refunds/{id}/paid-out", "pay_out_refund", staff.FinanceWrite, func(ctx context.Context, in *paidOut) (payment.Refund, error) {
		return a.Services.Payments.PaidOut(ctx, in.ID, auth.From(ctx).ID, in.Body.Note)
	}, summary("Record that a refund was paid from the bank account"))
	get(a, "/api/v1/finance/notices", "list_refused_notices", staff.FinanceRead, func(ctx context.Context, _ *struct{}) (Page[payment.Notice], error) {
		all, err := payment.Refused(ctx, a.Services.Books.DB(), 100)
		return PageOf(all, "", int64(len(all))), err
	}, summary("Notifications of WeChat Pay that were not taken"))
	put(a, "/api/v1/finance/merchant", "change_merchant", staff.SettingsWrite, func(ctx context.Context, in *struct{ Body paywire.MerchantForm }) (None, error) {
		return None{}, a.Services.SaveMerchant(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Enter the merchant of the real WeChat Pay; used from the next start on"))
}

func (a *API) registerWallets() {
	type byID struct {
		ID string `path:"id" maxLength:"64" doc:"Customer id, or number"`
	}
	get(a, "/api/v1/customers/{id}/money", "get_customer_money", staff.FinanceRead, func(ctx context.Context, in *byID) (out customerMoney, err error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return out, err
		}
		db, now := a.Services.Books.DB(), a.Services.Campaigns.Now()
		if out.Wallet, err = wallet.Get(ctx, db, c.Number, now); err != nil {
			return out, err
		}
		if out.Gifts, err = wallet.Lots(ctx, db, c.Number, now); err != nil {
			return out, err
		}
		if out.Moves, err = wallet.Statement(ctx, db, c.Number, "", 50); err != nil {
			return out, err
		}
		if out.Points, err = loyalty.Get(ctx, db, c.Number, now); err != nil {
			return out, err
		}
		if out.Batches, err = loyalty.Batches(ctx, db, c.Number, now); err != nil {
			return out, err
		}
		out.Earned, err = loyalty.Statement(ctx, db, c.Number, "", 50)
		return out, err
	}, summary("What a customer has with us: wallet, gifts, points"))

	type topUp struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			RequestID    string `json:"request_id" minLength:"8" maxLength:"64" doc:"Repeating it changes nothing"`
			PrincipalFen int64  `json:"principal_fen" minimum:"0" maximum:"10000000000" doc:"Received into the bank account"`
			GiftFen      int64  `json:"gift_fen" minimum:"0" maximum:"10000000000"`
			Note         string `json:"note" minLength:"1" maxLength:"500"`
		}
	}
	post(a, "/api/v1/customers/{id}/wallet/topups", "top_up_wallet", staff.FinanceWrite, func(ctx context.Context, in *topUp) (out wallet.Move, err error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return out, err
		}
		err = a.Services.Books.DB().Tx(ctx, func(tx *store.Tx) error {
			out, err = a.Services.Wallets.TopUp(ctx, tx, wallet.TopUp{
				Key: "hand/" + in.Body.RequestID, Customer: c.Number, PrincipalFen: in.Body.PrincipalFen, GiftFen: in.Body.GiftFen, From: money.Bank,
				By: auth.From(ctx).ID, Note: in.Body.Note,
			})
			return err
		})
		return out, err
	}, summary("Put money that came into the bank account, or a gift, into a wallet"))

	type withdrawal struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			RequestID string `json:"request_id" minLength:"8" maxLength:"64"`
			AmountFen int64  `json:"amount_fen" minimum:"1" maximum:"10000000000"`
			Note      string `json:"note" minLength:"1" maxLength:"500"`
		}
	}
	post(a, "/api/v1/customers/{id}/wallet/withdrawals", "withdraw_from_wallet", staff.FinanceWrite, func(ctx context.Context, in *withdrawal) (out wallet.Move, err error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return out, err
		}
		err = a.Services.Books.DB().Tx(ctx, func(tx *store.Tx) error {
			out, err = a.Services.Wallets.Withdraw(ctx, tx, wallet.Withdraw{
				Key: "hand/" + in.Body.RequestID, Customer: c.Number, Fen: in.Body.AmountFen, By: auth.From(ctx).ID, Note: in.Body.Note,
			})
			return err
		})
		return out, err
	}, summary("Pay principal out of a wallet, from the bank account"))

	type freeze struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Frozen bool   `json:"frozen"`
			Why    string `json:"why,omitempty" maxLength:"500"`
		}
	}
	put(a, "/api/v1/customers/{id}/wallet/frozen", "freeze_wallet", staff.FinanceWrite, func(ctx context.Context, in *freeze) (wallet.Wallet, error) {
		c, err := a.Services.Customers.Get(ctx, in.ID)
		if err != nil {
			return wallet.Wallet{}, err
		}
		return a.Services.Wallets.Freeze(ctx, c.Number, in.Body.Frozen, in.Body.Why)
	}, summary("Freeze a wallet, or free it again"))

	get(a, "/api/v1/finance/wallet-rules", "get_wallet_rules", staff.FinanceRead, func(ctx context.Context, _ *struct{}) (out walletRules, err error) {
		out.Rules, out.Version, err = settings.Get(ctx, a.Services.Books.DB(), wallet.SettingName, wallet.Default())
		return out, err
	}, summary("How wallets work"))
	put(a, "/api/v1/finance/wallet-rules", "change_wallet_rules", staff.FinanceWrite, func(ctx context.Context, in *struct{ Body walletRules }) (out walletRules, err error) {
		out = in.Body
		out.Version, err = changeSetting(ctx, a, wallet.SettingName, in.Body.Rules, in.Body.Version)
		return out, err
	}, summary("Change how wallets work"))
	get(a, "/api/v1/finance/points-rules", "get_points_rules", staff.FinanceRead, func(ctx context.Context, _ *struct{}) (out pointsRules, err error) {
		out.Rules, out.Version, err = settings.Get(ctx, a.Services.Books.DB(), loyalty.SettingName, loyalty.Default())
		return out, err
	}, summary("How points are earned and what they are worth"))
	put(a, "/api/v1/finance/points-rules", "change_points_rules", staff.FinanceWrite, func(ctx context.Context, in *struct{ Body pointsRules }) (out pointsRules, err error) {
		out = in.Body
		out.Version, err = changeSetting(ctx, a, loyalty.SettingName, in.Body.Rules, in.Body.Version)
		return out, err
	}, summary("Change how points are earned and what they are worth; points that were given keep their value"))
}

// changeSetting stores a new version of a setting that was read at a version, and returns the new one.
func changeSetting[R interface{ Check() error }](ctx context.Context, a *API, name string, rules R, read int64) (version int64, err error) {
	if err := rules.Check(); err != nil {
		return read, err
	}
	err = a.Services.Books.DB().Tx(ctx, func(tx *store.Tx) error {
		var was R
		_, now, err := settings.Get(ctx, tx, name, was)
		if err != nil {
			return err
		}
		if now != read {
			return errs.New(errs.Conflict, "settings.stale", "somebody has changed it meanwhile; load it again")
		}
		version, err = settings.Put(ctx, tx, name, rules, auth.From(ctx).ID, a.Services.Campaigns.Now())
		return err
	})
	return version, err
}

func (a *API) registerReconcile() {
	get(a, "/api/v1/finance/reconciliations", "list_reconciliations", staff.FinanceRead, func(ctx context.Context, in *Paging) (Page[reconcile.Summary], error) {
		all, err := reconcile.List(ctx, a.Services.Books.DB(), in.After, in.Limit)
		next := ""
		if len(all) == in.Limit {
			next = all[len(all)-1].Day
		}
		return PageOf(all, next, -1), err
	}, summary("Reconciled days, latest first"))
	type byDay struct {
		Day string `path:"day" format:"date"`
	}
	get(a, "/api/v1/finance/reconciliations/{day}", "get_reconciliation", staff.FinanceRead, func(ctx context.Context, in *byDay) (reconcile.Report, error) {
		return reconcile.Get(ctx, a.Services.Books.DB(), in.Day)
	}, summary("What a day's reconciliation came to, line by line"))
	post(a, "/api/v1/finance/reconciliations/{day}", "reconcile_day", staff.FinanceWrite, func(ctx context.Context, in *byDay) (reconcile.Report, error) {
		return a.Services.Reconcile.Run(ctx, in.Day, auth.From(ctx).ID)
	}, summary("Hold a day's bill of WeChat Pay against payments and books; again as often as needed"))
	type settle struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Action string `json:"action" enum:"ask,claim,settle" doc:"ask WeChat; claim: book as unclaimed; settle: it was dealt with otherwise"`
			Note   string `json:"note,omitempty" maxLength:"500"`
		}
	}
	post(a, "/api/v1/finance/differences/{id}", "settle_difference", staff.FinanceWrite, func(ctx context.Context, in *settle) (None, error) {
		by := auth.From(ctx).ID
		var err error
		switch in.Body.Action {
		case "ask":
			_, err = a.Services.Reconcile.Ask(ctx, in.ID, by)
		case "claim":
			_, err = a.Services.Reconcile.Claim(ctx, in.ID, by, in.Body.Note)
		default:
			_, err = a.Services.Reconcile.Settle(ctx, in.ID, by, in.Body.Note)
		}
		return None{}, err
	}, summary("Deal with a difference"))
}

// registerWechatPay: where WeChat Pay tells of payments, and, while it is the local one, its servers and its cashier.
func (a *API) registerWechatPay() {
	raw(a, http.MethodPost, "/api/v1/pay/wechat/notify", "notify_wechat_pay", Public, "", func(w http.ResponseWriter, r *http.Request) error {
		n, err := a.Services.WechatPay.Read(r.Context(), r)
		if err == nil {
			err = paywire.Take(r.Context(), a.Services.Payments, n)
		}
		if err != nil {
			return err // any status but 200 and 204 lets WeChat repeat it
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}, summary("Notifications of WeChat Pay: verified, opened, counted once"), status(http.StatusNoContent), maxBody(64<<10))

	a.mux.HandleFunc("/sim/pay/", func(w http.ResponseWriter, r *http.Request) {
		if a.Services.PaySimulator == nil {
			http.NotFound(w, r)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		http.StripPrefix("/sim/pay", a.Services.PaySimulator).ServeHTTP(w, r)
	})
	raw(a, http.MethodGet, "/sim/cashier/{prepay}", "show_simulated_cashier", Public, "text/html", func(w http.ResponseWriter, r *http.Request) error {
		if a.Services.PaySimulator == nil {
			return errs.New(errs.NotFound, "simulator.off", "WeChat Pay is the real one")
		}
		t, err := a.Services.PaySimulator.Find(r.Context(), r.PathValue("prepay"))
		if err != nil {
			return err
		}
		return writeCashier(w, cashierPage{Description: t.Description, Yuan: money.Format(t.Fen), Open: t.State == "NOTPAY", Paid: t.State == "SUCCESS" || t.State == "REFUND"})
	}, summary("The local WeChat Pay's cashier, for a prepay id"))
	raw(a, http.MethodPost, "/sim/cashier/{prepay}", "pay_at_simulated_cashier", Public, "text/html", func(w http.ResponseWriter, r *http.Request) error {
		if a.Services.PaySimulator == nil {
			return errs.New(errs.NotFound, "simulator.off", "WeChat Pay is the real one")
		}
		t, err := a.Services.PaySimulator.Customer(r.Context(), r.PathValue("prepay"), "")
		if err != nil && !errs.Is(err, errs.Conflict) {
			return err
		}
		if strings.Contains(r.Header.Get("Accept"), "application/json") {
			if err != nil {
				return err
			}
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		return writeCashier(w, cashierPage{Description: t.Description, Yuan: money.Format(t.Fen), Paid: err == nil})
	}, summary("Pay at the local WeChat Pay's cashier"))
}

// cashierPage is what the customer sees at the simulated cashier.
type cashierPage struct {
	Description, Yuan string
	Open, Paid        bool
}

var cashierTemplate = template.Must(template.New("cashier").Parse(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">
<title>微信支付（模拟）</title><style>
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#F5F8F9;color:#12212B;font:15px/1.7 "PingFang SC","HarmonyOS Sans SC","Noto Sans SC",system-ui,sans-serif}
main{background:#fff;border:1px solid #E4EAED;border-radius:6px;padding:32px;margin:16px;max-width:400px;text-align:center}
h1{font-size:15px;margin:0 0 8px;font-weight:400}p{margin:0}.yuan{font-size:40px;line-height:56px;font-variant-numeric:tabular-nums}.en{color:#5B6B75;font-size:13px}
button{margin-top:16px;width:100%;padding:12px;border:0;border-radius:6px;background:#0B7A3E;color:#fff;font:inherit;cursor:pointer}button:focus-visible{outline:3px solid #9BCFD3}
</style></head><body><main><h1>{{.Description}}</h1><p class="yuan">¥{{.Yuan}}</p>
{{if .Paid}}<p>支付成功</p><p class="en" lang="en">Paid</p>{{else if .Open}}<form method="post"><button>确认支付 · Pay</button></form>{{else}}<p>不能支付：已支付、已关闭或已过期</p><p class="en" lang="en">It cannot be paid: paid, closed or expired</p>{{end}}
<p class="en" lang="en">模拟支付，不会扣款 · A simulation: no money moves</p></main></body></html>
`))

func writeCashier(w http.ResponseWriter, p cashierPage) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'")
	return cashierTemplate.Execute(w, p)
}
