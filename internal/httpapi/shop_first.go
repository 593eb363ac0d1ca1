package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/storefront"
	"huoshui/internal/web"
)

// shopMe is the customer who is signed in, as she sees herself.
func (s *Services) shopMe(ctx context.Context, number uint32) (ShopMe, error) {
	c, err := s.Customers.Get(ctx, strconv.FormatUint(uint64(number), 10))
	if err != nil {
		return ShopMe{}, err
	}
	phone := c.Phone
	if n := len(phone); n > 7 {
		phone = phone[:3] + "****" + phone[n-4:]
	}
	_, points, err := s.Sales.Points.Rules(ctx, s.Sales.DB, number)
	if err != nil {
		return ShopMe{}, err
	}
	principal, gift, err := s.Sales.Wallet.Balance(ctx, s.Sales.DB, number)
	return ShopMe{Name: c.Name, Phone: phone, Level: c.Level, Points: points, BalanceFen: principal + gift, Now: s.Sales.Now()}, err
}

// shopShelves are the shelves that customers see.
func (s *Services) shopShelves(ctx context.Context) (Page[catalog.Category], error) {
	all, err := s.Goods.Categories(ctx)
	var shown []catalog.Category
	for _, c := range all {
		if !c.Hidden {
			shown = append(shown, c)
		}
	}
	return PageOf(shown, "", int64(len(shown))), err
}

// shopShelf is a page of the goods on sale that a filter leaves.
func (s *Services) shopShelf(ctx context.Context, f catalog.Filter) (Page[ShopGoods], error) {
	f.Status, f.Limit = catalog.On, min(f.Limit, 60)
	p, err := s.Goods.List(ctx, f)
	if err != nil {
		return Page[ShopGoods]{}, err
	}
	out := make([]ShopGoods, len(p.Items))
	for i, g := range p.Items {
		out[i] = shopGoods(g)
	}
	return PageOf(out, p.Next, p.Total), nil
}

// shopOne is goods on sale with their choices, what is left of each and their flash sales, or a NotFound error.
func (s *Services) shopOne(ctx context.Context, goodsID string) (ShopGoods, error) {
	g, err := s.Goods.Get(ctx, goodsID)
	if err == nil && g.Status != catalog.On {
		err = errs.New(errs.NotFound, "goods.not_found", "there are no goods %q", goodsID)
	}
	if err != nil {
		return ShopGoods{}, err
	}
	out := shopGoods(g)
	out.Pictures, out.Points, out.Specs = g.Pictures, g.Points, g.Specs
	if out.Detail, err = s.shopDetail(ctx, g.Detail); err != nil {
		return ShopGoods{}, err
	}
	skus := make([]string, 0, len(g.SKUs))
	for _, k := range g.SKUs {
		skus = append(skus, k.Code)
	}
	levels, err := inventory.Levels(ctx, s.Sales.DB, inventory.Online, skus)
	if err != nil {
		return ShopGoods{}, err
	}
	ours := map[string]bool{}
	for _, k := range g.SKUs {
		if !k.Gone {
			ours[k.Code] = true
			out.SKUs = append(out.SKUs, shopSKU(k, levels[k.Code].Free()))
		}
	}
	flashes, err := s.Flash.List(ctx, true, 100)
	for _, f := range flashes {
		if ours[f.SKU] {
			out.Flash = append(out.Flash, s.shopFlash(f))
		}
	}
	if err != nil {
		return ShopGoods{}, err
	}
	beside, err := s.Goods.Beside(ctx, goodsID)
	for _, one := range beside {
		out.Pairs = append(out.Pairs, shopGoods(one))
	}
	return out, err
}

// shopDetail is a description with the sizes of its pictures.
func (s *Services) shopDetail(ctx context.Context, blocks []catalog.Block) ([]ShopBlock, error) {
	var ids []string
	for _, b := range blocks {
		if b.Picture != "" {
			ids = append(ids, b.Picture)
		}
	}
	sizes, err := s.Goods.Pictures(ctx, ids)
	out := make([]ShopBlock, len(blocks))
	for i, b := range blocks {
		out[i] = ShopBlock{Text: b.Text, Picture: b.Picture, Width: sizes[b.Picture].Width, Height: sizes[b.Picture].Height}
	}
	return out, err
}

// shopFlashes are the flash sales that are on, or begin within a day.
func (s *Services) shopFlashes(ctx context.Context) (Page[ShopFlash], error) {
	all, err := s.Flash.List(ctx, true, 100)
	out := make([]ShopFlash, len(all))
	for i, f := range all {
		out[i] = s.shopFlash(f)
	}
	return PageOf(out, "", int64(len(out))), err
}

// shopState is what the store's page finds in itself, so that it need not ask for it: who is signed in, and answers of the API
// by what was asked, "path {values}", as the client's cache names them.
type shopState struct {
	Me      *ShopMe        `json:"me"`
	Demo    bool           `json:"demo"`
	Wechat  bool           `json:"wechat"` // one can sign in by WeChat
	Answers map[string]any `json:"answers"`
}

// pages is how the client's cache keeps the pages of a list that is read on.
type pages[T any] struct {
	Pages      []Page[T] `json:"pages"`
	PageParams []string  `json:"pageParams"`
}

func asked(path string, values map[string]any) string {
	text, _ := json.Marshal(map[string]any{"params": values}) // strings and numbers: cannot fail
	return path + " " + string(text)
}

// ShopFirst says what the store's page at an address holds when it is first asked for: what the page would ask the API for, what
// search engines and chats show of it, and its picture. What cannot be read is left out: the page asks for it and says why.
func ShopFirst(s *Services) func(*http.Request) web.First {
	return func(r *http.Request) web.First {
		ctx := r.Context()
		state := shopState{Demo: s.Demo != nil, Wechat: s.OA != nil, Answers: map[string]any{}}
		customer := uint32(0)
		if token := shopToken(r); token != "" {
			number, err := s.SignIn.Who(ctx, token)
			if err == nil {
				customer = number
				if me, err := s.shopMe(ctx, number); err == nil {
					state.Me = &me
				}
			} else if errs.KindOf(err) != errs.Denied {
				return web.First{} // who it is could not be read: nothing is said of it
			}
		}
		first := web.First{State: &state, Description: "品牌自营商城：正品、明码标价，下单前看清每一分优惠从哪里来。"}
		path := strings.Trim(strings.TrimPrefix(r.URL.Path, "/shop"), "/")
		switch id, product := strings.CutPrefix(path, "p/"); {
		case path == "":
			first.Bar, first.Seek = "商城", "搜商品、拼音首字母"
			if strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "en") {
				first.Bar, first.Seek = "Store", "Search goods, pinyin or initials"
			}
			s.firstHome(ctx, &first, &state, customer)
		case product && !strings.Contains(id, "/"):
			s.firstProduct(ctx, &first, &state, id)
		}
		return first
	}
}

func (s *Services) firstHome(ctx context.Context, first *web.First, state *shopState, customer uint32) {
	first.Module = "src/pages/Home.tsx"
	page, err := s.Storefront.Page(ctx, storefront.Home, customer)
	if err == nil {
		state.Answers[asked("/api/v1/shop/pages/{name}", map[string]any{"path": map[string]any{"name": storefront.Home}})] = json.RawMessage(page.JSON)
		if bytes.Contains(page.JSON, []byte(`"kind":"search"`)) {
			first.Seek = "" // the page has its own field to search
		}
	}
	if errs.KindOf(err) != errs.NotFound {
		return
	}
	// a store that nobody has designed shows what it sells
	if p, err := s.shopShelf(ctx, catalog.Filter{Sort: "sold", Limit: 20}); err == nil {
		state.Answers[asked("/api/v1/shop/goods", map[string]any{"query": map[string]any{"sort": "sold", "limit": 20}})] = pages[ShopGoods]{[]Page[ShopGoods]{p}, []string{""}}
	}
	if p, err := s.shopShelves(ctx); err == nil {
		state.Answers["/api/v1/shop/categories"] = p
	}
	if p, err := s.shopFlashes(ctx); err == nil {
		state.Answers["/api/v1/shop/flash"] = p
	}
}

func (s *Services) firstProduct(ctx context.Context, first *web.First, state *shopState, id string) {
	first.Module = "src/pages/Product.tsx"
	g, err := s.shopOne(ctx, id)
	if errs.KindOf(err) == errs.NotFound {
		first.Status = http.StatusNotFound
	}
	if err != nil {
		return
	}
	state.Answers[asked("/api/v1/shop/goods/{id}", map[string]any{"path": map[string]any{"id": id}})] = g
	first.Title, first.Description = g.Title, cmp.Or(g.Subtitle, strings.Join(g.Points, "，"), g.Title)
	if g.Picture != "" {
		first.Picture = "/media/" + url.PathEscape(g.Picture)
		first.PictureWidths, first.PictureSizes = []int{160, 480, 960}, "(min-width: 480px) 480px, 100vw"
	}
	first.Address = s.BaseURL() + "/shop/p/" + url.PathEscape(g.ID)
}
