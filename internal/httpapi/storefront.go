package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/promo"
	"huoshui/internal/trade/storefront"
)

// PagePreview is a design as people would see it.
type PagePreview struct {
	Page   storefront.Shown   `json:"page"`
	Faults []storefront.Fault `json:"faults" doc:"What the design names and that is not there: it cannot be published so"`
}

// answers says what a raw route's JSON is, for the document.
func answers[T any](a *API) option {
	return func(o *huma.Operation) {
		if o.Responses == nil {
			o.Responses = map[string]*huma.Response{}
		}
		o.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
			"application/json": {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")},
		}}
	}
}

// registerStorefront: the pages of the store, for those who design them and for those who look at them.
func registerStorefront(a *API) {
	get(a, "/api/v1/store-pages", "list_store_pages", staff.GoodsRead, func(ctx context.Context, _ *struct{}) (Page[storefront.Standing], error) {
		all, err := a.Services.Storefront.List(ctx)
		return PageOf(all, "", int64(len(all))), err
	}, summary("The pages of the store with what is shown of them, home first"))

	type create struct {
		Body struct {
			Name   string            `json:"name" minLength:"1" maxLength:"40" doc:"Its place in the store: small letters, digits and -"`
			Title  string            `json:"title" minLength:"1" maxLength:"40"`
			Design storefront.Design `json:"design"`
		}
	}
	post(a, "/api/v1/store-pages", "create_store_page", staff.StoreDesign, func(ctx context.Context, in *create) (storefront.Standing, error) {
		return a.Services.Storefront.Create(ctx, in.Body.Name, in.Body.Title, in.Body.Design, auth.From(ctx).ID)
	}, summary("Make a page that nobody sees yet"), status(http.StatusCreated))

	get(a, "/api/v1/store-pages/{id}", "get_store_page", staff.GoodsRead, func(ctx context.Context, in *ByID) (storefront.Standing, error) {
		return a.Services.Storefront.Get(ctx, in.ID)
	}, summary("A page with its draft"))

	type save struct {
		ByID
		Body struct {
			Revision int64             `json:"revision" minimum:"1" doc:"The one you read; somebody else's change is a conflict"`
			Title    string            `json:"title" minLength:"1" maxLength:"40"`
			Design   storefront.Design `json:"design"`
		}
	}
	put(a, "/api/v1/store-pages/{id}", "save_store_page", staff.StoreDesign, func(ctx context.Context, in *save) (storefront.Standing, error) {
		return a.Services.Storefront.Save(ctx, in.ID, in.Body.Revision, in.Body.Title, in.Body.Design, auth.From(ctx).ID)
	}, summary("Save a page's draft; what people see stays"))

	del(a, "/api/v1/store-pages/{id}", "delete_store_page", staff.StoreDesign, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Storefront.Delete(ctx, in.ID)
	}, summary("Delete a page that is not shown"))

	type publish struct {
		ByID
		Body storefront.Publishing
	}
	post(a, "/api/v1/store-pages/{id}/publish", "publish_store_page", staff.StoreDesign, func(ctx context.Context, in *publish) (storefront.Standing, error) {
		return a.Services.Storefront.Publish(ctx, in.ID, in.Body, auth.From(ctx).ID)
	}, summary("Show the draft from now on, or for a while; at its end what was shown before comes back"))

	type takeOff struct {
		ByID
		Body struct {
			From time.Time `json:"starts_at,omitzero" doc:"Left out: now"`
		}
	}
	post(a, "/api/v1/store-pages/{id}/take-off", "take_off_store_page", staff.StoreDesign, func(ctx context.Context, in *takeOff) (storefront.Standing, error) {
		return a.Services.Storefront.TakeOff(ctx, in.ID, in.Body.From, auth.From(ctx).ID)
	}, summary("Show nothing of a page, from an instant on"))

	type release struct {
		ByID
		Release string `path:"release" maxLength:"64"`
	}
	del(a, "/api/v1/store-pages/{id}/releases/{release}", "cancel_store_page_release", staff.StoreDesign, func(ctx context.Context, in *release) (None, error) {
		_, err := a.Services.Storefront.Cancel(ctx, in.ID, in.Release)
		return None{}, err
	}, summary("Take a planned window back, or end the one that holds"))

	get(a, "/api/v1/store-pages/{id}/versions", "list_store_page_versions", staff.GoodsRead, func(ctx context.Context, in *ByID) (Page[storefront.Version], error) {
		all, err := a.Services.Storefront.Versions(ctx, in.ID)
		return PageOf(all, "", int64(len(all))), err
	}, summary("What a page was, the newest first"))

	type restore struct {
		ByID
		Version int64 `path:"version" minimum:"1"`
		Body    struct {
			Revision int64 `json:"revision" minimum:"1" doc:"The one you read"`
		}
	}
	post(a, "/api/v1/store-pages/{id}/versions/{version}/restore", "restore_store_page", staff.StoreDesign, func(ctx context.Context, in *restore) (storefront.Standing, error) {
		return a.Services.Storefront.Restore(ctx, in.ID, in.Body.Revision, in.Version, auth.From(ctx).ID)
	}, summary("Make a version the draft again"))

	type preview struct {
		Body struct {
			Title  string            `json:"title" maxLength:"40"`
			Design storefront.Design `json:"design"`
			Layer  string            `json:"layer" enum:",vip,potential,new,silent,lost" doc:"As somebody of this layer; empty as a guest"`
		}
	}
	post(a, "/api/v1/store-pages/preview", "preview_store_page", staff.GoodsRead, func(ctx context.Context, in *preview) (PagePreview, error) {
		page, err := a.Services.Storefront.Preview(ctx, in.Body.Title, in.Body.Design, in.Body.Layer)
		if err != nil {
			return PagePreview{}, err
		}
		faults, err := a.Services.Storefront.Missing(ctx, &in.Body.Design)
		if faults == nil {
			faults = []storefront.Fault{}
		}
		return PagePreview{Page: page, Faults: faults}, err
	}, summary("A design as people would see it, with goods and prices as they are"))

	raw(a, http.MethodPost, "/api/v1/store-pages/pictures", "upload_page_picture", staff.StoreDesign, "application/json", a.uploadPicture,
		summary("Upload a picture for pages: the body is the file"), param("name", "The file's name"), maxBody(catalog.MaxPictureBytes+1), status(http.StatusCreated))

	raw(a, http.MethodGet, "/api/v1/shop/pages/{name}", "shop_page", Public, "application/json", a.shopPage, answers[storefront.Shown](a),
		summary("A page of the store as who asks sees it - a guest, or a customer by her layer - with all it shows, in one answer"))

	registerClaim(a)
}

// uploadPicture keeps the picture that a body is.
func (a *API) uploadPicture(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Services.Goods.Upload(r.Context(), r.Body, r.URL.Query().Get("name"), auth.From(r.Context()).ID)
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return errs.New(errs.Invalid, "picture.size", "a picture has at most %d MB", catalog.MaxPictureBytes>>20).At("file")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	return json.NewEncoder(w).Encode(p)
}

// shopPage sends a page as it lies ready.
func (a *API) shopPage(w http.ResponseWriter, r *http.Request) error {
	who, err := a.admitShopper(r, Shopper)
	if err != nil && !errors.Is(err, auth.ErrSignIn) {
		return err
	}
	page, err := a.Services.Storefront.Page(r.Context(), r.PathValue("name"), who.customer)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "private, no-cache") // it may be kept, and is asked for again
	h.Set("Vary", "Cookie, Accept-Encoding")
	h.Set("ETag", page.ETag)
	if slices.ContainsFunc(strings.Split(r.Header.Get("If-None-Match"), ","), func(t string) bool { return strings.TrimSpace(t) == page.ETag }) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body := page.JSON
	if page.Gzip != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body = page.Gzip
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	_, err = w.Write(body)
	return err
}

// registerClaim: coupons that customers take themselves.
func registerClaim(a *API) {
	claims := newLimiter(rate.Every(time.Second), 20) // per customer
	type claim struct {
		ByID
		Request string `header:"Idempotency-Key" required:"true" minLength:"16" maxLength:"64" doc:"Made once by the page that claims: the same key again returns the coupon it got"`
	}
	post(a, "/api/v1/shop/coupons/{id}/claim", "shop_claim_coupon", Customer, func(ctx context.Context, in *claim) (promo.Coupon, error) {
		number := shopperOf(ctx).customer
		if wait := claims.take(strconv.FormatUint(uint64(number), 10)); wait > 0 {
			return promo.Coupon{}, errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		who, err := a.Services.Sales.People.Buyer(ctx, a.Services.Sales.DB, number)
		if err != nil {
			return promo.Coupon{}, err
		}
		return a.Services.Promo.Claim(ctx, promo.Claiming{
			Request: "shop/" + in.Request, Promotion: in.ID, Person: promo.Person{Customer: number, Level: who.Level, Layer: who.Layer},
		})
	}, summary("Take a coupon that is open to oneself"), status(http.StatusCreated))
}
