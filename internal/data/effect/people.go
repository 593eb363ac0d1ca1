package effect

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// Person is somebody behind a number.
type Person struct {
	ID          string    `json:"id"`
	Number      uint32    `json:"number"`
	Name        string    `json:"name"`
	Layer       string    `json:"layer,omitempty"`
	Orders      int64     `json:"orders"`
	SpentFen    int64     `json:"spent_fen"`
	LastOrderAt time.Time `json:"last_order_at,omitzero"`
}

// People knows the customers behind numbers. Unknown and erased ones are left out of the answer.
type People interface {
	Faces(ctx context.Context, customers []uint32) (map[uint32]Person, error)
}

// Numbers of a line that lead to people, each by the fact that makes somebody belong to it.
var numbers = map[string]string{
	"covered": event.CampaignAssigned, "planned": event.CampaignAssigned, "holdout": event.CampaignAssigned,
	"refused": event.MessageRefused, "sent": event.MessageSent, "reached": event.MessageDelivered,
	"opened": event.MessageOpened, "clicked": event.MessageClicked, "failed": event.MessageFailed,
	"unsubscribed": event.MessageUnsubscribed,
	"converted":    event.OrderPaid, "converted_holdout": event.OrderPaid,
}

// maxCampaigns bounds the conditions of one question.
const maxCampaigns = 200

// PeopleOf returns a page of the customers behind a number of campaigns, by customer number above after, and the
// cursor of the next page (0 on the last).
func (s *Service) PeopleOf(ctx context.Context, campaignIDs []string, number string, after uint32, limit int) ([]Person, uint32, error) {
	name, ok := numbers[number]
	if !ok {
		return nil, 0, errs.New(errs.Invalid, "effect.number_unknown", "there is no number %q on the board", number).At("number")
	}
	if limit <= 0 || limit > 500 {
		limit = 50
	}
	sn, err := s.snapshot(ctx)
	if err != nil {
		return nil, 0, err
	}
	var tallies []*tally
	for _, id := range campaignIDs {
		if t, ok := sn.tallies[id]; ok {
			tallies = append(tallies, t)
		}
	}
	if len(tallies) == 0 {
		return []Person{}, 0, nil
	}
	if len(tallies) > maxCampaigns {
		return nil, 0, errs.New(errs.Invalid, "effect.too_many", "at most %d campaigns at once; open one of them", maxCampaigns).At("number")
	}
	query := s.question(tallies, number, name, sn.asOf.UnixMicro(), limit)
	out, last := []Person{}, after
	for {
		found, err := warehouse.All[uint32](ctx, s.w, query(last))
		if err != nil {
			return nil, 0, err
		}
		faces, err := s.people.Faces(ctx, found)
		if err != nil {
			return nil, 0, err
		}
		for _, n := range found {
			last = n
			if face, ok := faces[n]; ok {
				out = append(out, face)
			}
		}
		switch {
		case len(found) < limit:
			return out, 0, nil
		case len(out) > 0: // a page of erased people is no page
			return out, last, nil
		}
	}
}

// question writes the SQL for a page above a customer: one GROUP BY over the facts of these campaigns, and for buyers
// over the orders within their windows.
func (s *Service) question(tallies []*tally, number, name string, asOf int64, limit int) func(after uint32) string {
	code := func(text string) string { return strconv.FormatUint(uint64(s.w.Code(text)), 10) }
	list := make([]string, len(tallies))
	for i, t := range tallies {
		list[i] = strconv.FormatUint(uint64(t.campaign), 10)
	}
	campaigns := "campaign IN (" + strings.Join(list, ", ") + ")"
	tail := fmt.Sprintf(" ORDER BY customer LIMIT %d", limit)
	above := func(after uint32) string { return fmt.Sprintf("customer > %d AND ts <= %d AND ", after, asOf) }
	switch number {
	case "converted", "converted_holdout":
		arm := "reach"
		if number == "converted_holdout" {
			arm = "holdout"
		}
		var rows, having []string
		for _, t := range tallies {
			window := fmt.Sprintf("kind = %s AND ts >= %d AND ts < %d", code(event.OrderPaid), t.first, t.last+t.window)
			rows = append(rows, "("+window+")")
			drawn := fmt.Sprintf("kind = %s AND campaign = %d AND detail = %s", code(event.CampaignAssigned), t.campaign, code(arm))
			having = append(having, fmt.Sprintf("(MAX(CASE WHEN %s THEN 1 ELSE 0 END) = 1 AND MAX(CASE WHEN %s THEN 1 ELSE 0 END) = 1)", drawn, window))
		}
		return func(after uint32) string {
			return "SELECT customer FROM facts WHERE " + above(after) + "((kind = " + code(event.CampaignAssigned) + " AND " + campaigns + ") OR " +
				strings.Join(rows, " OR ") + ") GROUP BY customer HAVING " + strings.Join(having, " OR ") + tail
		}
	}
	condition := "kind = " + code(name) + " AND " + campaigns
	having := ""
	switch number {
	case "planned":
		condition += " AND detail = " + code("reach")
	case "holdout":
		condition += " AND detail = " + code("holdout")
	case "refused", "failed": // and nothing went out, or nothing arrived, all the same
		no := []string{event.MessageDelivered}
		if number == "refused" {
			no = append(no, event.MessageSent)
		}
		codes := make([]string, len(no))
		for i, n := range no {
			codes[i] = code(n)
		}
		with := "kind IN (" + code(name) + ", " + strings.Join(codes, ", ") + ")"
		var each []string
		for _, c := range list {
			each = append(each, fmt.Sprintf("(MAX(CASE WHEN campaign = %s AND kind = %s THEN 1 ELSE 0 END) = 1 AND MAX(CASE WHEN campaign = %s AND kind <> %s THEN 1 ELSE 0 END) = 0)", c, code(name), c, code(name)))
		}
		condition, having = with+" AND "+campaigns, " HAVING "+strings.Join(each, " OR ")
	}
	return func(after uint32) string {
		return "SELECT customer FROM facts WHERE " + above(after) + condition + " GROUP BY customer" + having + tail
	}
}
