package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/data/effect"
	"huoshui/internal/marketing/launch"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/user/audience"
)

// launchNeeds is what one must be allowed to start an action besides launches themselves.
var launchNeeds = map[launch.Kind]auth.Permission{
	launch.GiveCoupons: staff.PromoIssue, launch.OpenFlash: staff.GoodsWrite, launch.OpenGroups: staff.GoodsWrite, launch.OpenPresale: staff.GoodsWrite, launch.ShowPage: staff.StoreDesign,
}

// mayLaunch refuses who may not do by herself what a launch would do for her.
func mayLaunch(ctx context.Context, l launch.Launch) error {
	for _, s := range l.Stages {
		for _, one := range s.Actions {
			if need := launchNeeds[one.Kind]; need != "" && !auth.From(ctx).Can(need) {
				return errs.New(errs.Denied, "auth.forbidden", "you may not do what an action of the launch does: %s", one.Kind).With("permission", string(need))
			}
		}
	}
	return nil
}

// launchSeen names the revision of a launch that its reader saw.
type launchSeen struct {
	ByID
	Body struct {
		Revision int64 `json:"revision" minimum:"1" doc:"The one you read; somebody else's change is a conflict"`
	}
}

// registerLaunch: waves of selling as one object.
func registerLaunch(a *API) {
	type search struct {
		Paging
		State string `query:"state" enum:"draft,scheduled,running,paused,finished,cancelled"`
		Q     string `query:"q" maxLength:"60" doc:"Part of the name"`
	}
	get(a, "/api/v1/launches", "list_launches", staff.CampaignsRead, func(ctx context.Context, in *search) (Page[launch.Launch], error) {
		found, next, total, err := a.Services.Launches.List(ctx, launch.Filter{State: launch.State(in.State), Q: in.Q, After: in.After, Limit: in.Limit})
		return PageOf(found, next, total), err
	}, summary("Launches, newest first"))

	type choose struct{ Body launch.Choices }
	post(a, "/api/v1/launches", "create_launch", staff.CampaignsWrite, func(ctx context.Context, in *choose) (launch.Launch, error) {
		return a.Services.Launches.FromTemplate(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Make a draft of six stages around the opening of a sale"), status(http.StatusCreated))

	get(a, "/api/v1/launches/{id}", "get_launch", staff.CampaignsRead, func(ctx context.Context, in *ByID) (launch.Launch, error) {
		return a.Services.Launches.Get(ctx, in.ID)
	}, summary("A launch with its stages and actions"))

	type edit struct {
		ByID
		Body struct {
			launch.Writing
			Revision int64 `json:"revision" minimum:"1" doc:"The one you read; somebody else's change is a conflict"`
		}
	}
	put(a, "/api/v1/launches/{id}", "edit_launch", staff.CampaignsWrite, func(ctx context.Context, in *edit) (launch.Launch, error) {
		return a.Services.Launches.Edit(ctx, in.ID, in.Body.Revision, in.Body.Writing)
	}, summary("Replace a draft"))

	del(a, "/api/v1/launches/{id}", "discard_launch", staff.CampaignsWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Launches.Discard(ctx, in.ID)
	}, summary("Delete a draft"))

	get(a, "/api/v1/launches/{id}/check", "check_launch", staff.CampaignsRead, func(ctx context.Context, in *ByID) (launch.Checked, error) {
		return a.Services.Launches.Check(ctx, in.ID)
	}, summary("What is missing or contradicts, by stage, action and field; and whom actions would be for now"))

	get(a, "/api/v1/launches/{id}/board", "launch_board", staff.CampaignsRead, func(ctx context.Context, in *ByID) (launch.Board, error) {
		return a.Services.Launches.Board(ctx, in.ID)
	}, summary("How a launch goes: its stages against their goals, and what became of every action"))

	post(a, "/api/v1/launches/{id}/start", "start_launch", staff.CampaignsSend, func(ctx context.Context, in *launchSeen) (launch.Launch, error) {
		l, err := a.Services.Launches.Get(ctx, in.ID)
		if err == nil {
			err = mayLaunch(ctx, l)
		}
		if err != nil {
			return l, err
		}
		return a.Services.Launches.Start(ctx, in.ID, in.Body.Revision, auth.From(ctx).ID)
	}, summary("Fix a draft without faults and let it begin at its time; one may start what one may do by oneself"))

	verb := func(word, opID, text string, do func(*launch.Service, context.Context, string) error) {
		post(a, "/api/v1/launches/{id}/"+word, opID, staff.CampaignsSend, func(ctx context.Context, in *ByID) (launch.Launch, error) {
			if err := do(a.Services.Launches, ctx, in.ID); err != nil {
				return launch.Launch{}, err
			}
			return a.Services.Launches.Get(ctx, in.ID)
		}, summary(text))
	}
	verb("unschedule", "unschedule_launch", "Make a launch that has not begun a draft again", (*launch.Service).Unschedule)
	verb("pause", "pause_launch", "Begin nothing more, and let messages on their way wait; what sells goes on", (*launch.Service).Pause)
	verb("resume", "resume_launch", "Go on with a paused launch", (*launch.Service).Resume)
	verb("cancel", "cancel_launch", "End a launch for good and take back what can be taken back", (*launch.Service).Cancel)
	verb("retry", "retry_launch", "Try at once what was refused", (*launch.Service).Retry)

	get(a, "/api/v1/launches/{id}/undoes", "launch_undoes", staff.CampaignsRead, func(ctx context.Context, in *ByID) (Page[launch.Undoing], error) {
		all, err := a.Services.Launches.Undoes(ctx, in.ID)
		return PageOf(all, "", int64(len(all))), err
	}, summary("What cancelling a launch would take back, and what it cannot"))

	type next struct {
		ByID
		Body struct {
			Days int64 `json:"days" minimum:"1" maximum:"730" doc:"How long after this wave the next one is"`
		}
	}
	post(a, "/api/v1/launches/{id}/next", "next_launch", staff.CampaignsWrite, func(ctx context.Context, in *next) (launch.Launch, error) {
		return a.Services.Launches.Next(ctx, in.ID, in.Body.Days, auth.From(ctx).ID)
	}, summary("Make the draft of the next wave from this one, with what it brought"), status(http.StatusCreated))

	registerLaunchPeople(a)
	registerReservation(a)
}

// registerLaunchPeople: who is behind the numbers of a launch.
func registerLaunchPeople(a *API) {
	type people struct {
		ByID
		Paging
		List  string `query:"list" required:"true" enum:"reached,looked,reserved,deposits,buyers,units,revenue,reserved_not_bought,deposit_paid,last_wave,looked_not_bought,looked_not_reserved,bought"`
		Stage string `query:"stage" enum:"build_up,warm_up,presale,sale,follow_up,loop" doc:"Within one stage; left out: the whole launch"`
	}
	get(a, "/api/v1/launches/{id}/people", "list_launch_people", staff.CustomersRead, func(ctx context.Context, in *people) (Page[effect.Person], error) {
		all, err := a.Services.Launches.Behind(ctx, in.ID, in.List, launch.StageKind(in.Stage))
		if err != nil {
			return Page[effect.Person]{}, err
		}
		numbers, cursor, err := launch.PageOf(all, in.After, in.Limit)
		if err != nil {
			return Page[effect.Person]{}, err
		}
		faces, err := a.Services.Products.Faces(ctx, numbers)
		return PageOf(faces, cursor, int64(all.GetCardinality())), err
	}, summary("The people behind a number of a launch, or of one of its lists, by customer number"))

	type keep struct {
		ByID
		Body struct {
			List  string `json:"list" maxLength:"40"`
			Stage string `json:"stage,omitempty" enum:"build_up,warm_up,presale,sale,follow_up,loop"`
			Name  string `json:"name" minLength:"1" maxLength:"80"`
		}
	}
	post(a, "/api/v1/launches/{id}/segment", "keep_launch_people", staff.SegmentsWrite, func(ctx context.Context, in *keep) (audience.Segment, error) {
		all, err := a.Services.Launches.Behind(ctx, in.ID, in.Body.List, launch.StageKind(in.Body.Stage))
		if err != nil {
			return audience.Segment{}, err
		}
		return a.Services.Segments.CreateStatic(ctx, audience.Draft{Name: in.Body.Name}, all, auth.From(ctx).ID)
	}, summary("Save the people behind a number as a segment"), status(http.StatusCreated))
}

// registerReservation: customers who want to hear when it is sold.
func registerReservation(a *API) {
	asked := newLimiter(rate.Every(time.Second), 20) // per customer
	type ofGoods struct {
		Goods string `query:"goods" required:"true" minLength:"1" maxLength:"64" doc:"Id of the goods"`
	}
	type upcoming struct {
		CacheControl string `header:"Cache-Control"`
		Body         Page[launch.Upcoming]
	}
	withRequest(a, http.MethodGet, "/api/v1/shop/launches", "shop_launches", Public, func(ctx context.Context, r *http.Request, in *ofGoods) (*upcoming, error) {
		who, err := a.admitShopper(r, Shopper)
		if err != nil && !errors.Is(err, auth.ErrSignIn) {
			return nil, err
		}
		all, err := a.Services.Launches.Upcoming(ctx, in.Goods, who.customer)
		return &upcoming{"private, no-store", PageOf(all, "", int64(len(all)))}, err
	}, summary("Launches of goods that can be reserved now; who is signed in sees whether she has"))

	type reserve struct {
		ByID
		Body struct {
			Goods string `json:"goods" minLength:"1" maxLength:"64" doc:"On whose page she is"`
		}
	}
	limited := func(customer uint32) error {
		if wait := asked.take(strconv.FormatUint(uint64(customer), 10)); wait > 0 {
			return errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		return nil
	}
	put(a, "/api/v1/shop/launches/{id}/reservation", "shop_reserve", Customer, func(ctx context.Context, in *reserve) (None, error) {
		who := shopperOf(ctx).customer
		if err := limited(who); err != nil {
			return None{}, err
		}
		return None{}, a.Services.Launches.Reserve(ctx, in.ID, in.Body.Goods, who)
	}, summary("Reserve: be told when it is sold; again it changes nothing"))

	del(a, "/api/v1/shop/launches/{id}/reservation", "shop_unreserve", Customer, func(ctx context.Context, in *ByID) (None, error) {
		who := shopperOf(ctx).customer
		if err := limited(who); err != nil {
			return None{}, err
		}
		return None{}, a.Services.Launches.Unreserve(ctx, in.ID, who)
	}, summary("Take one's reservation back; again it changes nothing"))
}
