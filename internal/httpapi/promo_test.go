package httpapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/trade/promo"
	"huoshui/internal/user/customer"
)

func TestOffersOverTheEdge(t *testing.T) {
	e := segmentEdge(t)
	e.api.Services.Promo, e.api.Services.Customers = promo.NewService(e.db, clock.System, time.UTC), customer.NewService(e.db)
	const coupon = `{"kind":"coupon","name":"满100减10","terms":{"coupon":{"gives":{"kind":"coupon_full","threshold_fen":10000,"off_fen":1000},"valid":{"days":7},"limits":{"per_person":1}}}}`
	a := e.call("POST", "/api/v1/promotions", coupon)
	e.want(a, 201, "")
	p := decode[promo.Promotion](t, a)
	e.want(e.call("POST", "/api/v1/promotions", strings.Replace(coupon, `"days":7`, `"days":0`, 1)), 422, "promo.validity")
	e.want(e.call("POST", "/api/v1/promotions", `{"kind":"reduction","name":"每满","terms":{"reduction":{"each":true,"steps":[{"from_fen":10000,"off_fen":500}]}}}`), 201, "")

	path := "/api/v1/promotions/" + p.ID
	e.want(e.call("POST", path+"/issues", `{"request_id":"r1","customers":["1","2"]}`), 202, "")
	e.want(e.call("POST", path+"/issues", `{"request_id":"r1","customers":["1","2","3"]}`), 202, "")
	e.want(e.call("POST", path+"/issues", `{"request_id":"r2"}`), 422, "promo.whom")
	if worked, err := e.api.Services.Promo.WorkOff(t.Context()); !worked || err != nil {
		t.Fatal(worked, err)
	}
	a = e.call("GET", path+"/coupons?limit=1", nil)
	e.want(a, 200, "")
	if page := decode[Page[couponHolder]](t, a); len(page.Items) != 1 || page.Next == "" || page.Items[0].Person == nil {
		t.Errorf("%+v", page)
	}
	a = e.call("GET", "/api/v1/customers/1/coupons", nil)
	e.want(a, 200, "")
	if page := decode[Page[promo.Holding]](t, a); len(page.Items) != 1 || page.Items[0].Gives.OffFen != 1000 {
		t.Errorf("%+v", page)
	}

	a = e.call("POST", path+"/batches", `{"name":"小红书","count":3}`)
	e.want(a, 201, "")
	a = e.call("GET", "/api/v1/coupon-batches/"+decode[promo.Batch](t, a).ID+"/codes", nil)
	e.want(a, 200, "")
	if lines := strings.Count(a.body, "\n"); lines != 4 {
		t.Errorf("%d lines", lines)
	}
	a = e.call("PUT", path+"/stopped", `{"stopped":true}`)
	e.want(a, 200, "")
	e.want(e.call("PUT", path, fmt.Sprintf(`{"version":1,%s`, coupon[1:])), 409, "promo.changed")
	a = e.call("GET", "/api/v1/promotions?kind=coupon,bundle&stopped=true", nil)
	e.want(a, 200, "")
	if page := decode[Page[promotionView]](t, a); page.Total != 1 || page.Items[0].Figures.Given != 2 {
		t.Errorf("%+v", page)
	}
}
