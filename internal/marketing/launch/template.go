package launch

import (
	"context"
	"time"
)

// The contents that come with the product for launches.
const (
	contentTease = "con_launch_tease" // it is coming: reserve
	contentOpen  = "con_launch_open"  // it is sold now
	contentLast  = "con_launch_last"  // you reserved and have not bought
	contentAgain = "con_launch_again" // to those who bought in the wave before
)

// Choices are what an operator decides of a launch that is made from the template.
type Choices struct {
	Name       string    `json:"name" maxLength:"60"`
	Goods      []string  `json:"goods" minItems:"1" maxItems:"20" doc:"Ids of goods"`
	SaleAt     time.Time `json:"sale_at" doc:"When the sale opens; the other stages lie around it"`
	Units      int64     `json:"units,omitempty" minimum:"0" maximum:"1000000" doc:"What the sale wants to sell"`
	Flash      *Offer    `json:"flash,omitempty" doc:"Sell at a flash price"`
	Group      *Offer    `json:"group,omitempty" doc:"Let people buy together"`
	Presale    *Offer    `json:"presale,omitempty" doc:"Take deposits before the sale"`
	Coupon     string    `json:"coupon,omitempty" maxLength:"64" doc:"Coupons of this promotion for those who reserved"`
	Page       string    `json:"page,omitempty" maxLength:"64" doc:"A store page that is shown during the sale"`
	HoldoutPct float64   `json:"holdout_pct" minimum:"0" maximum:"90"`
}

// days of the template's stages before and after the sale opens.
var windows = []struct {
	kind     StageKind
	from, to int
}{{BuildUp, -14, -7}, {WarmUp, -7, -3}, {Presale, -3, 0}, {Sale, 0, 3}, {FollowUp, 3, 7}, {Loop, 7, 14}}

// FromTemplate makes a draft of six stages around the opening of the sale: build-up two weeks before, warm-up a week before, presale three
// days before, three days of sale, four of follow-up and a week until the next wave is made. What lies in the past is left out.
func (s *Service) FromTemplate(ctx context.Context, c Choices, by string) (Launch, error) {
	return s.Create(ctx, c.writing(s.instant(), s.shift), by)
}

func (c *Choices) writing(now time.Time, shift func(time.Time, int64) time.Time) Writing {
	w := Writing{Name: c.Name, Goods: c.Goods}
	say := func(content string) *Message { return &Message{Content: content, HoldoutPct: c.HoldoutPct} }
	list := func(id string) *Target { return &Target{Kind: "list", ID: id} }
	vips := []Wave{{Layers: []string{"vip"}}, {After: 24 * 60}}
	goal := func(measure string, n int64) *Goal {
		if n < 1 {
			return nil
		}
		return &Goal{measure, n}
	}
	for _, win := range windows {
		st := Stage{Kind: win.kind, BeginsAt: shift(c.SaleAt, int64(win.from)), EndsAt: shift(c.SaleAt, int64(win.to))}
		if !st.EndsAt.After(now) {
			continue
		}
		if st.BeginsAt.Before(now) {
			st.BeginsAt = now
		}
		add := func(a Action) { st.Actions = append(st.Actions, a) }
		switch win.kind {
		case BuildUp:
			st.Goal = goal(MeasureReserved, 2*c.Units)
			add(Action{Kind: SendMessage, Audience: &Target{Kind: "everyone"}, Waves: vips, Message: say(contentTease)})
		case WarmUp:
			st.Goal = goal(MeasureReserved, c.Units)
			add(Action{Kind: SendMessage, Audience: list(ListNotReserved), Message: say(contentTease)})
			if c.Coupon != "" {
				add(Action{Kind: GiveCoupons, After: 60, Audience: list(ListReserved), Coupon: c.Coupon})
			}
		case Presale:
			if c.Presale == nil { // the last call before the sale
				st.Goal = goal(MeasureReserved, c.Units/2)
				add(Action{Kind: SendMessage, After: 24 * 60, Audience: list(ListNotReserved), Message: say(contentTease)})
				break
			}
			st.Goal = goal(MeasureDeposits, c.Units/2)
			add(Action{Kind: OpenPresale, Offer: c.Presale})
			add(Action{Kind: SendMessage, Audience: list(ListReserved), Message: say(contentOpen)})
		case Sale:
			st.Goal = goal(MeasureUnits, c.Units)
			if c.Page != "" {
				add(Action{Kind: ShowPage, Page: &Showing{Page: c.Page}})
			}
			if c.Flash != nil {
				add(Action{Kind: OpenFlash, Offer: c.Flash})
			}
			if c.Group != nil {
				add(Action{Kind: OpenGroups, Offer: c.Group})
			}
			add(Action{Kind: SendMessage, Audience: list(ListReserved), Message: say(contentOpen),
				Waves: []Wave{{Layers: []string{"vip"}}, {After: 120}}})
		case FollowUp:
			st.Goal = goal(MeasureUnits, (c.Units+4)/5)
			add(Action{Kind: SendMessage, Audience: list(ListNotBought), Message: say(contentLast)})
			if c.Coupon != "" {
				add(Action{Kind: GiveCoupons, Audience: list(ListNotBought), Coupon: c.Coupon})
			}
			add(Action{Kind: SendMessage, After: 24 * 60, Audience: list(ListLooked), Message: say(contentLast)})
		case Loop:
			add(Action{Kind: SendMessage, Audience: list(ListBought), Message: say(contentAgain)})
			add(Action{Kind: NextWave, After: 24 * 60, Days: 28})
		}
		w.Stages = append(w.Stages, st)
	}
	return w
}
