package httpapi

import (
	"context"
	"net/http"
	"time"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/groupbuy"
)

// GroupMember is somebody who sits in a group, for those who run the store.
type GroupMember struct {
	groupbuy.Seat
	Name string `json:"name"`
}

// GroupFile is a group with its members.
type GroupFile struct {
	groupbuy.Group
	Members []GroupMember `json:"members" doc:"In the order in which they came"`
}

// ShopGroupOffer is a group offer as customers see it.
type ShopGroupOffer struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	SKU       string      `json:"sku"`
	Goods     string      `json:"goods" doc:"Id of the goods"`
	Title     string      `json:"title" doc:"The goods with their choice"`
	Picture   string      `json:"picture"`
	PriceFen  int64       `json:"price_fen"`
	AloneFen  int64       `json:"alone_fen" doc:"What it costs alone"`
	Size      int64       `json:"size"`
	Hours     int64       `json:"hours"`
	PerPerson int64       `json:"per_person"`
	StartsAt  time.Time   `json:"starts_at"`
	EndsAt    time.Time   `json:"ends_at"`
	Open      bool        `json:"open" doc:"Groups can be opened now"`
	Now       time.Time   `json:"now" doc:"The store's clock, for counting down"`
	Groups    []ShopGroup `json:"groups,omitempty" doc:"Those that can be joined, which lack fewest first"`
}

// ShopGroup is a group as customers see it. Its members are people who paid; there are no others.
type ShopGroup struct {
	ID        string    `json:"id"`
	Offer     string    `json:"offer"`
	State     string    `json:"state" enum:"opening,forming,complete,failed,gone"`
	Size      int64     `json:"size"`
	Missing   int64     `json:"missing" doc:"Members who have not paid yet"`
	Free      int64     `json:"free" doc:"Seats that nobody has taken"`
	Names     []string  `json:"names" doc:"Members who paid, the first letter of each; empty where it is not known"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	Now       time.Time `json:"now"`
	Sale      string    `json:"sale,omitempty" doc:"The caller's own order in it"`
	Seat      string    `json:"seat,omitempty" enum:"taken,paid,left,refunded" doc:"How the caller sits in it"`
}

// initial is what others see of a name; nothing of one that is not known.
func initial(name string) string {
	for _, r := range name {
		return string(r) + "**"
	}
	return ""
}

// shopGroup is a group for a customer, 0 for anybody.
func (a *API) shopGroup(ctx context.Context, g groupbuy.Group, seats []groupbuy.Seat, customer uint32) (ShopGroup, error) {
	out := ShopGroup{ID: g.ID, Offer: g.Offer, State: string(g.State), Size: g.Size, Missing: g.Size - g.Paid, Free: g.Size - g.Seats, ExpiresAt: g.ExpiresAt, Now: a.Services.Sales.Now(), Names: []string{}}
	numbers := make([]uint32, len(seats))
	for i, s := range seats {
		numbers[i] = s.Customer
		if s.Customer == customer && customer != 0 && (out.Sale == "" || s.State == "paid" || s.State == "taken") {
			out.Sale, out.Seat = s.Sale, s.State
		}
	}
	names, err := a.names(ctx, numbers)
	for _, s := range seats {
		if s.State == "paid" {
			out.Names = append(out.Names, initial(names[s.Customer]))
		}
	}
	return out, err
}

func (a *API) shopGroupOffer(o groupbuy.Offer, item catalog.Item) ShopGroupOffer {
	now := a.Services.Sales.Now()
	return ShopGroupOffer{
		ID: o.ID, Name: o.Name, SKU: o.SKU, Goods: item.GoodsID, Title: item.Name(), Picture: item.Cover(), PriceFen: o.PriceFen, AloneFen: item.PriceFen, Size: o.Size, Hours: o.Hours,
		PerPerson: o.PerPerson, StartsAt: o.StartsAt, EndsAt: o.EndsAt, Open: o.Open(now) && item.Sold(), Now: now,
	}
}

// registerGroupBuy: buying together, for those who run the store and for customers.
func registerGroupBuy(a *API) {
	get(a, "/api/v1/group-offers", "list_group_offers", staff.GoodsRead, func(ctx context.Context, in *Paging) (Page[groupbuy.Counted], error) {
		all, err := a.Services.Groups.List(ctx, false, in.Limit)
		return PageOf(all, "", int64(len(all))), err
	}, summary("Group offers with what came of them, the latest to end first"))

	type write struct{ Body groupbuy.Draft }
	post(a, "/api/v1/group-offers", "create_group_offer", staff.GoodsWrite, func(ctx context.Context, in *write) (groupbuy.Offer, error) {
		return a.Services.Groups.Create(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Offer a SKU to people who buy together"), status(http.StatusCreated))

	post(a, "/api/v1/group-offers/{id}/stop", "stop_group_offer", staff.GoodsWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Groups.Stop(ctx, in.ID)
	}, summary("Let no group be opened any more; those that are open go on"))

	type groups struct {
		Paging
		Offer string `query:"offer" maxLength:"64"`
		State string `query:"state" enum:"opening,forming,complete,failed,gone"`
	}
	get(a, "/api/v1/groups", "list_groups", staff.GoodsRead, func(ctx context.Context, in *groups) (Page[groupbuy.Group], error) {
		all, err := a.Services.Groups.Groups(ctx, in.Offer, groupbuy.State(in.State), in.Limit)
		return PageOf(all, "", int64(len(all))), err
	}, summary("Groups, the latest first"))

	get(a, "/api/v1/groups/{id}", "get_group", staff.SalesRead, func(ctx context.Context, in *ByID) (GroupFile, error) {
		g, seats, err := a.Services.Groups.Group(ctx, in.ID)
		if err != nil {
			return GroupFile{}, err
		}
		numbers := make([]uint32, len(seats))
		for i, s := range seats {
			numbers[i] = s.Customer
		}
		names, err := a.names(ctx, numbers)
		out := GroupFile{Group: g, Members: make([]GroupMember, len(seats))}
		for i, s := range seats {
			out.Members[i] = GroupMember{Seat: s, Name: names[s.Customer]}
		}
		return out, err
	}, summary("A group with its members"))

	registerShopGroups(a)
}

// registerShopGroups: buying together, for customers.
func registerShopGroups(a *API) {
	get(a, "/api/v1/shop/group-offers", "shop_group_offers", Public, func(ctx context.Context, _ *struct{}) (Page[ShopGroupOffer], error) {
		all, err := a.Services.Groups.List(ctx, true, 100)
		if err != nil {
			return Page[ShopGroupOffer]{}, err
		}
		skus := make([]string, len(all))
		for i, o := range all {
			skus[i] = o.SKU
		}
		items, err := catalog.Items(ctx, a.Services.Sales.DB, skus)
		out := []ShopGroupOffer{}
		for _, o := range all {
			if item := items[o.SKU]; item.Sold() {
				out = append(out, a.shopGroupOffer(o.Offer, item))
			}
		}
		return PageOf(out, "", int64(len(out))), err
	}, summary("What can be bought together now, or within a day"))

	get(a, "/api/v1/shop/group-offers/{id}", "shop_group_offer", Public, func(ctx context.Context, in *ByID) (ShopGroupOffer, error) {
		o, err := a.Services.Groups.Get(ctx, in.ID)
		if err != nil {
			return ShopGroupOffer{}, err
		}
		items, err := catalog.Items(ctx, a.Services.Sales.DB, []string{o.SKU})
		if err != nil {
			return ShopGroupOffer{}, err
		}
		if item := items[o.SKU]; !item.Sold() {
			return ShopGroupOffer{}, errs.New(errs.NotFound, "group.no_offer", "it is not sold any more")
		}
		out := a.shopGroupOffer(o, items[o.SKU])
		open, err := a.Services.Groups.Joinable(ctx, o.ID, 20)
		if err != nil {
			return out, err
		}
		for _, g := range open {
			_, seats, err := a.Services.Groups.Group(ctx, g.ID)
			if err != nil {
				return out, err
			}
			one, err := a.shopGroup(ctx, g, seats, 0)
			if err != nil {
				return out, err
			}
			out.Groups = append(out.Groups, one)
		}
		return out, nil
	}, summary("A group offer with the groups that can be joined"))

	get(a, "/api/v1/shop/groups/{id}", "shop_group", Customer, func(ctx context.Context, in *ByID) (ShopGroup, error) {
		g, seats, err := a.Services.Groups.Group(ctx, in.ID)
		if err != nil {
			return ShopGroup{}, err
		}
		out, err := a.shopGroup(ctx, g, seats, shopperOf(ctx).customer)
		if err == nil && (g.State == groupbuy.Opening || g.State == groupbuy.Gone) && out.Sale == "" { // nobody but its first member knows of it
			err = errs.New(errs.NotFound, "group.not_found", "there is no such group")
		}
		return out, err
	}, summary("A group: who it waits for, until when, and how one sits in it"))

	get(a, "/api/v1/shop/groups", "shop_groups", Customer, func(ctx context.Context, _ *struct{}) (Page[groupbuy.Mine], error) {
		all, err := a.Services.Groups.OfCustomer(ctx, shopperOf(ctx).customer, 100)
		return PageOf(all, "", int64(len(all))), err
	}, summary("The groups one sits in or sat in, the latest first"))
}
