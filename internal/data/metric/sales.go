// Package metric counts what happened, day by day in the business's zone, straight from the facts.
package metric

import (
	"context"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// Sums is what was sold in a period: orders paid, people who paid, what they paid and what was given back, in fen. A
// refund counts in the period it was made in, not in that of its order.
type Sums struct {
	Orders      int64 `json:"orders"`
	Buyers      int64 `json:"buyers" doc:"People with at least one paid order, each counted once"`
	AmountFen   int64 `json:"amount_fen"`
	RefundedFen int64 `json:"refunded_fen"`
}

// Day is what was sold on one day of the business.
type Day struct {
	Day string `json:"day" format:"date"`
	Sums
}

// Sales is the course of sales: whole days, the same number of whole days before them, and the day that is not over.
type Sales struct {
	From    string    `json:"from" format:"date" doc:"First whole day"`
	To      string    `json:"to" format:"date" doc:"Last whole day"`
	Days    []Day     `json:"days" doc:"The whole days, oldest first, without gaps"`
	Total   Sums      `json:"total"`
	Before  Sums      `json:"before" doc:"As many whole days before From"`
	Today   *Day      `json:"today,omitempty" doc:"The day that is not over; left out when until is given"`
	LastAt  time.Time `json:"last_order_at,omitzero" doc:"When the newest order was paid; left out when there is none"`
	Updated time.Time `json:"updated_at" doc:"The business's present that this was counted at"`
}

// Service counts from the warehouse.
type Service struct {
	warehouse *warehouse.Warehouse
	now       clock.Clock
	zone      *time.Location
}

// NewService returns a service that counts days in zone, up to now.
func NewService(w *warehouse.Warehouse, now clock.Clock, zone *time.Location) *Service {
	return &Service{w, now, zone}
}

// Present is the business's present and the zone it counts its days in.
func (s *Service) Present() (time.Time, *time.Location) { return s.now(), s.zone }

// maxDays bounds how many days one question may have.
const maxDays = 400

// Sales returns the sales of the n whole days up to until (YYYY-MM-DD, inclusive), or up to yesterday and today so far
// when until is "".
func (s *Service) Sales(ctx context.Context, n int, until string) (Sales, error) {
	if n < 1 || n > maxDays {
		return Sales{}, errs.New(errs.Invalid, "metric.days", "between 1 and %d days", maxDays).At("days")
	}
	now := s.now()
	today := midnight(now.In(s.zone))
	end := today // the first instant after the whole days
	if until != "" {
		day, err := time.ParseInLocation(time.DateOnly, until, s.zone)
		if err != nil {
			return Sales{}, errs.New(errs.Invalid, "metric.until", "%q is not a day", until).At("until")
		}
		end = day.AddDate(0, 0, 1)
	}
	edges := make([]time.Time, 0, n+2)
	for i := -n; i <= 0; i++ {
		edges = append(edges, midnight(end.AddDate(0, 0, i)))
	}
	if until == "" {
		edges = append(edges, midnight(end.AddDate(0, 0, 1)))
	}
	out := Sales{From: edges[0].Format(time.DateOnly), To: midnight(end.AddDate(0, 0, -1)).Format(time.DateOnly), Updated: now}
	days, err := s.byDay(ctx, edges)
	if err != nil {
		return Sales{}, err
	}
	out.Days = days[:n]
	if until == "" {
		out.Today = &days[n]
	}
	if out.Total, err = s.sums(ctx, edges[0], end); err != nil {
		return Sales{}, err
	}
	if out.Before, err = s.sums(ctx, midnight(end.AddDate(0, 0, -2*n)), edges[0]); err != nil {
		return Sales{}, err
	}
	last, err := warehouse.One[time.Time](ctx, s.warehouse, `SELECT MAX(ts) FROM facts WHERE kind = ?`, s.warehouse.Code(event.OrderPaid))
	if err != nil {
		return Sales{}, err
	}
	out.LastAt = last
	return out, nil
}

// midnight is the first instant of the day of t in t's zone.
func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// row is what a question of this file answers with.
type row struct {
	Day    int64 `db:"day"`
	Orders int64 `db:"orders"`
	Buyers int64 `db:"buyers"`
	Amount int64 `db:"amount"`
}

// byDay counts between neighbouring edges. Days are told apart by comparing with the edges, not by dividing: a day
// has 23 or 25 hours where clocks are changed.
func (s *Service) byDay(ctx context.Context, edges []time.Time) ([]Day, error) {
	var day strings.Builder
	args := make([]any, 0, len(edges))
	day.WriteString("CASE")
	for i, edge := range edges[1 : len(edges)-1] {
		day.WriteString(" WHEN ts < ? THEN ")
		day.WriteString(strconv.Itoa(i))
		args = append(args, edge.UnixMicro())
	}
	day.WriteString(" ELSE " + strconv.Itoa(len(edges)-2) + " END")
	if len(edges) == 2 {
		day.Reset()
		day.WriteString("0")
	}
	days := make([]Day, len(edges)-1)
	for i := range days {
		days[i].Day = edges[i].Format(time.DateOnly)
	}
	paid, refunded, amended := s.warehouse.Code(event.OrderPaid), s.warehouse.Code(event.OrderRefunded), s.warehouse.Code(event.OrderAmended)
	for _, kind := range []uint32{paid, refunded} {
		more := kind
		if kind == paid {
			more = amended // what orders grew by later is of the day they were paid, and is no order
		}
		rows, err := warehouse.All[row](ctx, s.warehouse, `
			SELECT day, COUNT(CASE WHEN kind = ? THEN 1 END) AS orders, COUNT(DISTINCT customer) AS buyers, CAST(SUM(amount) AS BIGINT) AS amount
			FROM (SELECT CAST(`+day.String()+` AS BIGINT) AS day, kind, customer, amount FROM facts WHERE kind IN (?, ?) AND ts >= ? AND ts < ?) AS one
			GROUP BY day`,
			append(append([]any{kind}, args...), kind, more, edges[0].UnixMicro(), edges[len(edges)-1].UnixMicro())...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if kind == paid {
				days[r.Day].Orders, days[r.Day].Buyers, days[r.Day].AmountFen = r.Orders, r.Buyers, r.Amount
			} else {
				days[r.Day].RefundedFen = r.Amount
			}
		}
	}
	return days, nil
}

// sums counts a whole period, so that a person who bought on two days is one buyer.
func (s *Service) sums(ctx context.Context, from, to time.Time) (Sums, error) {
	days, err := s.byDay(ctx, []time.Time{from, to})
	if err != nil {
		return Sums{}, err
	}
	return days[0].Sums, nil
}
