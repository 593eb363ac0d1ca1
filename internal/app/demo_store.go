package app

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"huoshui/internal/demo"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/groupbuy"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/presale"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
)

// demoBy is who made what the demo brand's store has.
const demoBy = "demo"

// stockDemoStore fills the shelves of the demo brand's own store: goods, stock, freight, a full-reduction, a coupon that
// anybody may claim and a flash sale. A store that has goods is left as it is.
func (a *App) stockDemoStore(ctx context.Context) error {
	s := &a.Services
	if there, err := s.Goods.List(ctx, catalog.Filter{Limit: 1}); err != nil || there.Total > 0 {
		return err
	}
	shelves, err := a.demoShelves(ctx)
	if err != nil {
		return err
	}
	for _, item := range demo.Range() {
		role := catalog.RoleNone
		switch {
		case item.Fen < 3000:
			role = catalog.RoleTraffic
		case strings.Contains(item.Name, "冻干"):
			role = catalog.RoleProfit
		}
		kind := catalog.KindPhysical
		if item.RebuyDays > 0 {
			kind = catalog.KindConsumable
		}
		drawn, err := demo.Picture(item)
		if err != nil {
			return err
		}
		picture, err := s.Goods.Upload(ctx, bytes.NewReader(drawn), item.SKU+".png", demoBy)
		if err != nil {
			return fmt.Errorf("demo goods: %w", err)
		}
		g, err := s.Goods.Create(ctx, catalog.GoodsDraft{
			Pictures: []string{picture.ID},
			Title:    item.Name, Subtitle: "品牌自营，48 小时内发货", Category: shelves[item.For+item.Category], Kind: kind, Role: role, RebuyDays: item.RebuyDays,
			Points: []string{"7 天无理由退货", "满 199 元包邮"}, Detail: []catalog.Block{{Text: item.Name + "。具体规格与保质期以包装为准。"}},
			SKUs: []catalog.SKU{{Code: item.SKU, PriceFen: item.Fen, MarketFen: item.Fen * 12 / 10 / 100 * 100, CostFen: item.Fen * 55 / 100, WeightG: 1000}},
		}, demoBy)
		if err != nil {
			return fmt.Errorf("demo goods: %w", err)
		}
		if err := s.Goods.SetStatus(ctx, g.ID, catalog.On, demoBy); err != nil {
			return err
		}
		err = a.DB.Tx(ctx, func(tx *store.Tx) error {
			return inventory.Change(ctx, tx, inventory.Online, inventory.Received, "opening", "", demoBy, []inventory.Item{{SKU: item.SKU, Quantity: 500}}, a.Clock.Now())
		})
		if err != nil {
			return err
		}
	}
	return a.demoOffers(ctx)
}

// demoShelves makes the categories and returns their ids by pet and name.
func (a *App) demoShelves(ctx context.Context) (map[string]string, error) {
	shelves := map[string]string{}
	for i, pet := range []struct{ code, name string }{{"cat", "猫咪"}, {"dog", "狗狗"}} {
		parent, err := a.Services.Goods.SaveCategory(ctx, catalog.Category{Name: pet.name, Place: int64(i)})
		if err != nil {
			return nil, err
		}
		for _, item := range demo.Range() {
			key := item.For + item.Category
			if item.For != pet.code || shelves[key] != "" {
				continue
			}
			c, err := a.Services.Goods.SaveCategory(ctx, catalog.Category{Name: item.Category, Parent: parent.ID, Place: int64(len(shelves))})
			if err != nil {
				return nil, err
			}
			shelves[key] = c.ID
		}
	}
	return shelves, nil
}

func (a *App) demoOffers(ctx context.Context) error {
	s, now := &a.Services, a.Clock.Now()
	freight, err := s.Promo.Create(ctx, promo.Draft{Kind: promo.Freight, Name: "全国包邮 199", Terms: promo.Terms{Freight: &pricing.Freights{By: pricing.ByWeight, Regions: []pricing.Region{
		{First: 1000, FirstFen: 800, More: 1000, MoreFen: 200, FreeOverFen: 19900}, {Codes: []string{"65", "54"}, First: 1000, FirstFen: 2000, More: 1000, MoreFen: 1000},
	}}}}, demoBy)
	if err != nil {
		return err
	}
	rules := checkout.DefaultRules()
	rules.Freight = freight.ID
	err = a.DB.Tx(ctx, func(tx *store.Tx) error {
		_, err := settings.Put(ctx, tx, checkout.SettingName, rules, demoBy, now)
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range []promo.Draft{
		{Kind: promo.Reduction, Name: "满 300 减 30", Terms: promo.Terms{Reduction: &pricing.Reduction{Steps: []pricing.Step{{FromFen: 30000, OffFen: 3000}}}}},
		{Kind: promo.Coupons, Name: "新人 10 元券", Terms: promo.Terms{Coupon: &promo.CouponTerms{
			Gives: pricing.Coupon{Kind: pricing.KindCouponFull, ThresholdFen: 5000, OffFen: 1000}, Valid: promo.Validity{Days: 30}, Limits: promo.Limits{PerPerson: 1}, Open: true,
		}}},
	} {
		if _, err := s.Promo.Create(ctx, d, demoBy); err != nil {
			return err
		}
	}
	_, err = s.Flash.Create(ctx, flash.Draft{Name: "一元秒杀", SKU: "CY-TSR", PriceFen: 100, StartsAt: now, EndsAt: now.Add(7 * 24 * time.Hour), Units: 100, PerPerson: 1, AtOnce: 20}, demoBy)
	if err != nil {
		return err
	}
	_, err = s.Groups.Create(ctx, groupbuy.Draft{Name: "两人拼猫粮", SKU: "CF-2K", PriceFen: 7500, Size: 2, Hours: 24, PerPerson: 2, StartsAt: now, EndsAt: now.Add(30 * 24 * time.Hour)}, demoBy)
	if err != nil {
		return err
	}
	return a.demoPresale(ctx, now)
}

// demoPresale takes deposits for three days, and tails for three more.
func (a *App) demoPresale(ctx context.Context, now time.Time) error {
	const sku, day = "CF-FD", 24 * time.Hour
	items, err := catalog.Items(ctx, a.DB, []string{sku})
	if err != nil {
		return err
	}
	p, err := a.Services.Presales.Create(ctx, presale.Draft{
		Name: "冻干粮新品预售", Goods: items[sku].GoodsID, Keep: true, PerPerson: 3, Items: []presale.ItemDraft{{SKU: sku, PriceFen: 12900, DepositFen: 2000, WorthFen: 4000, Units: 100}},
		StartsAt: now, EndsAt: now.Add(3 * day), TailStartsAt: now.Add(3 * day), TailEndsAt: now.Add(6 * day), ShipBy: now.Add(10 * day),
	}, demoBy)
	if err == nil {
		_, err = a.Services.Presales.Publish(ctx, p.ID)
	}
	return err
}
