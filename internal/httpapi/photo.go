package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/aftersale"
	"huoshui/internal/trade/photo"
	"huoshui/internal/trade/review"
)

// registerPhoto: the pictures that customers take. Who uploaded one sees it; staff see those that a case or a review shows; everybody sees
// those of approved reviews.
func registerPhoto(a *API) {
	uploads := newLimiter(rate.Every(3*time.Second), 20) // per customer
	raw(a, http.MethodPost, "/api/v1/shop/photos", "shop_upload_photo", Customer, "application/json", func(w http.ResponseWriter, r *http.Request) error {
		who := shopperOf(r.Context()).customer
		if wait := uploads.take(strconv.FormatUint(uint64(who), 10)); wait > 0 {
			return errs.New(errs.Limited, "request.too_many", "too many at once").With("retry_after", int(wait/time.Second)+1)
		}
		p, err := a.Services.Photos.Upload(r.Context(), who, r.Body)
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return errs.New(errs.Invalid, "picture.size", "a picture has at most %d MB", photo.MaxBytes>>20).At("file")
		}
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		return json.NewEncoder(w).Encode(p)
	}, summary("Upload a picture of one's own: the body is the file"), maxBody(photo.MaxBytes+1), status(http.StatusCreated))

	serve := func(w http.ResponseWriter, r *http.Request, p photo.Photo, cache string) error {
		width, err := strconv.Atoi(r.URL.Query().Get("w"))
		if err != nil {
			width = 480
		}
		body, err := a.Services.Photos.File(r.Context(), p.ID, width)
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", p.Kind)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		h.Set("Cache-Control", cache)
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // opened alone it is a picture and nothing else
		_, err = w.Write(body)
		return err
	}
	shown := func(ctx context.Context, id string) (p photo.Photo, public, staffMay bool, err error) {
		if p, err = a.Services.Photos.Get(ctx, 0, id); err != nil {
			return p, false, false, err
		}
		if public, staffMay, err = review.Shows(ctx, a.Services.Sales.DB, p.UsedBy); err != nil || staffMay {
			return p, public, staffMay, err
		}
		staffMay, err = aftersale.Shows(ctx, a.Services.Sales.DB, p.UsedBy)
		return p, false, staffMay, err
	}
	none := errs.New(errs.NotFound, "picture.not_found", "there is no such picture")
	width := param("w", "Width in pixels; 480 unless said")
	raw(a, http.MethodGet, "/api/v1/shop/photos/{id}", "shop_own_photo", Customer, "image/jpeg", func(w http.ResponseWriter, r *http.Request) error {
		p, err := a.Services.Photos.Get(r.Context(), shopperOf(r.Context()).customer, r.PathValue("id"))
		if err != nil {
			return err
		}
		return serve(w, r, p, "private, max-age=3600")
	}, summary("A picture of one's own"), width)
	raw(a, http.MethodGet, "/api/v1/shop/reviews/photos/{id}", "shop_review_photo", Public, "image/jpeg", func(w http.ResponseWriter, r *http.Request) error {
		p, public, _, err := shown(r.Context(), r.PathValue("id"))
		if err == nil && !public {
			err = none
		}
		if err != nil {
			return err
		}
		return serve(w, r, p, "public, max-age=600")
	}, summary("A picture of an approved review"), width)
	raw(a, http.MethodGet, "/api/v1/photos/{id}", "staff_photo", staff.SalesRead, "image/jpeg", func(w http.ResponseWriter, r *http.Request) error {
		p, _, may, err := shown(r.Context(), r.PathValue("id"))
		if err == nil && !may {
			err = none
		}
		if err != nil {
			return err
		}
		return serve(w, r, p, "private, max-age=600")
	}, summary("A picture that a customer shows with a case or a review"), width)
}
