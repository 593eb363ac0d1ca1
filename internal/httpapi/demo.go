package httpapi

import (
	"context"
	"net/http"
	"time"

	"huoshui/internal/demo"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
)

// demoState says whether this server runs the demo brand and, if so, where it stands.
type demoState struct {
	Enabled  bool          `json:"enabled"`
	Now      time.Time     `json:"now,omitzero" doc:"The brand's present"`
	People   int           `json:"people"`
	Progress demo.Progress `json:"progress"`
}

// phoneState is one person's phone.
type phoneState struct {
	Owner    demo.Owner      `json:"owner"`
	Now      time.Time       `json:"now"`
	Messages []demo.Received `json:"messages"`
}

// brand returns the demo brand, or NotFound on a server that has none.
func (a *API) brand() (*demo.Service, error) {
	if a.Services.Demo == nil {
		return nil, errs.New(errs.NotFound, "demo.off", "this server does not run the demo brand")
	}
	return a.Services.Demo, nil
}

// registerDemo: the demo brand, its time, and the simulated phone. Outside demo mode only the state answers.
func registerDemo(a *API) {
	get(a, "/api/v1/demo", "get_demo", SignedIn, func(context.Context, *struct{}) (demoState, error) {
		b, err := a.brand()
		if err != nil {
			return demoState{Progress: demo.Progress{Stage: "idle"}}, nil
		}
		s := b.Status()
		return demoState{true, s.Now, s.People, s.Progress}, nil
	}, summary("Whether this is the demo brand, its time, and how far an advance has come"))

	type sms struct {
		Phone string `query:"phone" required:"true" minLength:"5" maxLength:"24"`
	}
	type texted struct {
		Text string `json:"text" doc:"Empty when there was none"`
	}
	get(a, "/api/v1/demo/sms", "demo_sms", staff.DemoRun, func(_ context.Context, in *sms) (texted, error) {
		if _, err := a.brand(); err != nil {
			return texted{}, err
		}
		phone, err := files.Phone(in.Phone)
		if err != nil {
			return texted{}, errs.New(errs.Invalid, "shop.phone", "this is no phone number").At("phone")
		}
		return texted{a.Services.TextMessages.Last(phone)}, nil
	}, summary("The last text message that a simulated phone got"))

	type advance struct {
		Body struct {
			Days int `json:"days" minimum:"1" maximum:"120"`
		}
	}
	post(a, "/api/v1/demo/advance", "advance_demo", staff.DemoRun, func(ctx context.Context, in *advance) (demo.Status, error) {
		b, err := a.brand()
		if err != nil {
			return demo.Status{}, err
		}
		if err := b.Start(context.WithoutCancel(ctx), in.Body.Days); err != nil {
			return demo.Status{}, err
		}
		return b.Status(), nil
	}, summary("Let days pass; the state tells how far it is"), status(http.StatusAccepted))

	registerPhone(a)
}

func registerPhone(a *API) {
	type owners struct {
		Q     string `query:"q" maxLength:"60" doc:"Part of the name, phone or id"`
		Layer string `query:"layer" enum:"vip,potential,new,silent,lost" doc:"Only people in this layer"`
		Limit int    `query:"limit" minimum:"1" maximum:"100" default:"40"`
	}
	get(a, "/api/v1/demo/phones", "list_phones", staff.DemoRun, func(ctx context.Context, in *owners) (Page[demo.Owner], error) {
		b, err := a.brand()
		if err != nil {
			return Page[demo.Owner]{}, err
		}
		found, err := b.Phone().Owners(ctx, in.Q, in.Layer, in.Limit)
		return PageOf(found, "", -1), err
	}, summary("People whose phone one may hold"))

	type byOwner struct {
		Customer string `path:"customer" maxLength:"64"`
	}
	owner := func(ctx context.Context, customer string) (*demo.Service, demo.Owner, error) {
		b, err := a.brand()
		if err != nil {
			return nil, demo.Owner{}, err
		}
		o, err := b.Phone().Owner(ctx, customer)
		return b, o, err
	}
	get(a, "/api/v1/demo/phones/{customer}", "get_phone", staff.DemoRun, func(ctx context.Context, in *byOwner) (phoneState, error) {
		b, o, err := owner(ctx, in.Customer)
		if err != nil {
			return phoneState{}, err
		}
		messages, err := b.Phone().Inbox(ctx, o.Number, 100)
		if messages == nil {
			messages = []demo.Received{}
		}
		return phoneState{o, b.Status().Now, messages}, err
	}, summary("A person's phone: the messages on it, newest first"))

	get(a, "/api/v1/demo/phones/{customer}/shop", "get_phone_shop", staff.DemoRun, func(ctx context.Context, in *byOwner) (Page[demo.Ware], error) {
		b, o, err := owner(ctx, in.Customer)
		if err != nil {
			return Page[demo.Ware]{}, err
		}
		wares := b.Wares(b.Status().Now, o.Number)
		return PageOf(wares, "", int64(len(wares))), nil
	}, summary("What the brand's mall sells today"))

	type choose struct {
		Customer string `path:"customer" maxLength:"64"`
		Body     struct {
			SKU string `json:"sku" minLength:"1" maxLength:"40"`
		}
	}
	post(a, "/api/v1/demo/phones/{customer}/views", "view_on_phone", staff.DemoRun, func(ctx context.Context, in *choose) (None, error) {
		b, o, err := owner(ctx, in.Customer)
		if err != nil {
			return None{}, err
		}
		return None{}, b.Look(ctx, o.Number, in.Body.SKU)
	}, summary("Look at a product on the phone"))

	post(a, "/api/v1/demo/phones/{customer}/orders", "buy_on_phone", staff.DemoRun, func(ctx context.Context, in *choose) (demo.Bought, error) {
		b, o, err := owner(ctx, in.Customer)
		if err != nil {
			return demo.Bought{}, err
		}
		return b.BuyNow(ctx, o.Number, in.Body.SKU)
	}, summary("Buy one piece of a product on the phone"), status(http.StatusCreated))

	type byMessage struct {
		Message string `path:"message" maxLength:"80"`
	}
	act := func(path, opID, text string, do func(demo.Reach, context.Context, string) error) {
		post(a, "/api/v1/demo/messages/{message}/"+path, opID, staff.DemoRun, func(ctx context.Context, in *byMessage) (None, error) {
			b, err := a.brand()
			if err != nil {
				return None{}, err
			}
			return None{}, do(b.Reach(), ctx, in.Message)
		}, summary(text))
	}
	act("open", "open_on_phone", "Open a message on the phone", demo.Reach.Open)
	act("click", "click_on_phone", "Follow a message's link on the phone", demo.Reach.Click)
	act("leave", "leave_on_phone", "Ask on the phone for no more messages", demo.Reach.Leave)
}
