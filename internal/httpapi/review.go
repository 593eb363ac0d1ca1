package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/review"
)

// ReviewPage is a page of reviews with how many stand where.
type ReviewPage struct {
	Page[review.Review]
	Counts map[string]int64 `json:"counts" doc:"By state; todo is what staff have to look at"`
}

// ShopReview is an approved review as everybody sees it.
type ShopReview struct {
	ID             string    `json:"id"`
	Author         string    `json:"author" doc:"Empty: nameless"`
	Stars          int64     `json:"stars"`
	Text           string    `json:"text"`
	Tags           []string  `json:"tags"`
	Pictures       []string  `json:"pictures"`
	Name           string    `json:"name" doc:"What she bought"`
	FollowText     string    `json:"follow_text"`
	FollowPictures []string  `json:"follow_pictures"`
	FollowAt       time.Time `json:"follow_at,omitzero"`
	Reply          string    `json:"reply"`
	At             time.Time `json:"at"`
}

// GoodsReviews is a page of what buyers say of goods.
type GoodsReviews struct {
	Page[ShopReview]
	Summary review.Summary `json:"summary" doc:"Of all approved reviews"`
}

// ReviewTodo is what a customer can say something of, and what she can tick.
type ReviewTodo struct {
	Items         []review.Todo `json:"items"`
	Tags          []string      `json:"tags"`
	Points        int64         `json:"points" doc:"What an approved review earns"`
	PicturePoints int64         `json:"picture_points" doc:"More, with pictures"`
}

func shopReview(r review.Review) ShopReview {
	out := ShopReview{ID: r.ID, Author: r.Author, Stars: r.Stars, Text: r.Text, Tags: r.Tags, Pictures: r.Pictures, Name: r.GoodsName, FollowPictures: []string{}, Reply: r.Reply, At: r.MadeAt}
	if r.FollowState == review.Approved {
		out.FollowText, out.FollowPictures, out.FollowAt = r.FollowText, r.FollowPictures, r.FollowAt
	}
	return out
}

// registerReview: what buyers say of what they bought, for them and for staff.
func registerReview(a *API) {
	registerShopReview(a)

	type filter struct {
		Paging
		Q     string `query:"q" maxLength:"50" doc:"In texts and names of goods"`
		State string `query:"state" enum:"pending,approved,hidden"`
		Todo  bool   `query:"todo" doc:"What staff have to look at"`
		Only  string `query:"only" enum:"pictures,good,low,follow"`
		Goods string `query:"goods" maxLength:"64"`
	}
	get(a, "/api/v1/reviews", "list_reviews", staff.GoodsRead, func(ctx context.Context, in *filter) (ReviewPage, error) {
		p, err := a.Services.Reviews.List(ctx, review.Filter{State: review.State(in.State), Todo: in.Todo, Only: in.Only, Goods: in.Goods, Search: strings.TrimSpace(in.Q), After: in.After, Limit: in.Limit})
		if err != nil {
			return ReviewPage{}, err
		}
		counts, err := a.Services.Reviews.Counts(ctx)
		return ReviewPage{Page: PageOf(p.Items, p.Next, p.Total), Counts: counts}, err
	}, summary("Reviews, the latest first"))

	get(a, "/api/v1/reviews/{id}", "get_review", staff.GoodsRead, func(ctx context.Context, in *ByID) (review.Review, error) {
		return a.Services.Reviews.Get(ctx, in.ID)
	}, summary("A review"))

	type decide struct {
		ByID
		Body struct {
			Part  string `json:"part" enum:"review,follow"`
			State string `json:"state" enum:"approved,hidden"`
			Note  string `json:"note,omitempty" maxLength:"160"`
		}
	}
	post(a, "/api/v1/reviews/{id}/decision", "decide_review", staff.ContentWrite, func(ctx context.Context, in *decide) (review.Review, error) {
		return a.Services.Reviews.Decide(ctx, in.ID, in.Body.Part == "follow", review.State(in.Body.State), in.Body.Note, auth.From(ctx).ID)
	}, summary("Let others see a review or its follow-up, or hide it; approving a review rewards it once"))

	type reply struct {
		ByID
		Body struct {
			Text string `json:"text" maxLength:"500" doc:"Empty takes the answer back"`
		}
	}
	put(a, "/api/v1/reviews/{id}/reply", "reply_review", staff.ContentWrite, func(ctx context.Context, in *reply) (review.Review, error) {
		return a.Services.Reviews.Reply(ctx, in.ID, in.Body.Text, auth.From(ctx).ID)
	}, summary("Answer a review in public"))

	post(a, "/api/v1/reviews/{id}/content", "quote_review", staff.ContentWrite, func(ctx context.Context, in *ByID) (review.Review, error) {
		return a.Services.Reviews.Quote(ctx, in.ID, auth.From(ctx).ID)
	}, summary("Make content of an approved review whose author lets the brand use it"))

	get(a, "/api/v1/reviews/rules", "get_review_rules", staff.GoodsRead, func(ctx context.Context, _ *struct{}) (review.Rules, error) {
		return a.Services.Reviews.Rules(ctx)
	}, summary("What may be said, and what it earns"))

	type setRules struct{ Body review.Rules }
	put(a, "/api/v1/reviews/rules", "set_review_rules", staff.ContentWrite, func(ctx context.Context, in *setRules) (None, error) {
		return None{}, a.Services.Reviews.SetRules(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Set what may be said, and what it earns"))
}

func registerShopReview(a *API) {
	written := newLimiter(rate.Every(5*time.Second), 30) // per customer
	limited := func(who uint32) error {
		if wait := written.take(strconv.FormatUint(uint64(who), 10)); wait > 0 {
			return errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		return nil
	}
	get(a, "/api/v1/shop/reviews/todo", "shop_review_todo", Customer, func(ctx context.Context, _ *struct{}) (ReviewTodo, error) {
		rules, err := a.Services.Reviews.Rules(ctx)
		if err != nil {
			return ReviewTodo{}, err
		}
		todo, err := a.Services.Reviews.Todo(ctx, shopperOf(ctx).customer)
		return ReviewTodo{Items: todo, Tags: rules.Tags, Points: rules.Points, PicturePoints: rules.PicturePoints}, err
	}, summary("What one received and has said nothing of"))

	get(a, "/api/v1/shop/reviews", "shop_reviews", Customer, func(ctx context.Context, in *Paging) (Page[review.Review], error) {
		p, err := a.Services.Reviews.List(ctx, review.Filter{Customer: shopperOf(ctx).customer, After: in.After, Limit: in.Limit})
		for i := range p.Items {
			p.Items[i] = p.Items[i].Mine()
		}
		return PageOf(p.Items, p.Next, p.Total), err
	}, summary("One's own reviews, the latest first"))

	type write struct {
		Sale string `path:"sale" maxLength:"64"`
		Key  string `path:"key" maxLength:"64"`
		Body review.Draft
	}
	put(a, "/api/v1/shop/orders/{sale}/lines/{key}/review", "shop_write_review", Customer, func(ctx context.Context, in *write) (review.Review, error) {
		who := shopperOf(ctx).customer
		if err := limited(who); err != nil {
			return review.Review{}, err
		}
		r, err := a.Services.Reviews.Write(ctx, who, in.Sale, in.Key, in.Body)
		return r.Mine(), err
	}, summary("Say something of what one bought and received, or change it while that can be done"))

	type follow struct {
		ByID
		Body struct {
			Text     string   `json:"text" minLength:"1" maxLength:"500"`
			Pictures []string `json:"pictures,omitempty" maxItems:"9"`
		}
	}
	post(a, "/api/v1/shop/reviews/{id}/follow", "shop_follow_review", Customer, func(ctx context.Context, in *follow) (review.Review, error) {
		who := shopperOf(ctx).customer
		if err := limited(who); err != nil {
			return review.Review{}, err
		}
		r, err := a.Services.Reviews.Follow(ctx, who, in.ID, in.Body.Text, in.Body.Pictures)
		return r.Mine(), err
	}, summary("Add what one finds later, once"), status(http.StatusCreated))

	type list struct {
		ByID
		Paging
		Only string `query:"only" enum:"pictures,good,low,follow"`
	}
	get(a, "/api/v1/shop/goods/{id}/reviews", "shop_goods_reviews", Public, func(ctx context.Context, in *list) (GoodsReviews, error) {
		p, err := a.Services.Reviews.List(ctx, review.Filter{Goods: in.ID, State: review.Approved, Only: in.Only, After: in.After, Limit: min(in.Limit, 50)})
		if err != nil {
			return GoodsReviews{}, err
		}
		out := make([]ShopReview, len(p.Items))
		for i, r := range p.Items {
			out[i] = shopReview(r)
		}
		sum, err := a.Services.Reviews.Summary(ctx, in.ID)
		return GoodsReviews{Page: PageOf(out, p.Next, p.Total), Summary: sum}, err
	}, summary("What buyers say of goods, the latest first"))
}
