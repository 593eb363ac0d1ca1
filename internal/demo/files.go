package demo

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"huoshui/internal/platform/money"
)

// File is one export: of customers, or of the order lines of one sales channel.
type File struct {
	Target  string // "customers" or "orders"
	Channel string // sales channel of the orders; "member" for the file of customers
	Path    string
}

// The headers of the files, as the brand's shop systems write them. What only a person would read (the guide) is there
// too: imports have to cope with it.
var (
	customerColumns = []string{"会员卡号", "会员姓名", "手机号", "邮箱", "性别", "生日", "省份", "城市", "注册时间", "来源渠道", "门店", "会员等级", "接收消息", "接收邮件"}
	orderColumns    = []string{"订单编号", "会员卡号", "付款时间", "门店", "导购", "商品编码", "商品名称", "类目", "数量", "单价", "商品金额"}
)

// WriteHistory makes the world of the options and writes its history into dir, as an operator would have exported it:
// one file of customers, and one of order lines in time order for each sales channel, with returns as lines of negative
// quantity under the number of their order. visits is what no file tells: who looked at the brand's pages of late.
func WriteHistory(dir string, opt Options) (w *World, files []File, visits []Act, err error) {
	orders := map[string][]Act{}
	w = New(opt, func(a Act) {
		switch a.Kind {
		case Buy, Return:
			channel := shops[a.Shop].Channel
			orders[channel] = append(orders[channel], a)
		case Visit:
			visits = append(visits, a)
		}
	})
	byTime := func(a, b Act) int { return a.At.Compare(b.At) }
	slices.SortStableFunc(visits, byTime)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, nil, err
	}
	people := File{"customers", "member", filepath.Join(dir, "customers.csv")}
	if err := writeFile(people.Path, w.writeCustomers); err != nil {
		return nil, nil, nil, err
	}
	files = append(files, people)
	for _, channel := range slices.Sorted(maps.Keys(orders)) {
		f := File{"orders", channel, filepath.Join(dir, "orders-"+channel+".csv")}
		slices.SortStableFunc(orders[channel], byTime)
		if err := writeFile(f.Path, func(out io.Writer) error { return w.writeOrders(out, orders[channel]) }); err != nil {
			return nil, nil, nil, err
		}
		files = append(files, f)
	}
	return w, files, visits, nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	buf := bufio.NewWriterSize(f, 1<<20)
	err = errors.Join(write(buf), buf.Flush(), f.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// writeCustomers writes everybody as a file of customers.
func (w *World) writeCustomers(out io.Writer) error {
	rows := csv.NewWriter(out)
	if err := rows.Write(customerColumns); err != nil {
		return err
	}
	yes := map[bool]string{true: "是", false: "否"}
	for i := range w.people {
		n := w.newcomer(i)
		gender := map[string]string{"f": "女", "m": "男"}[n.Gender]
		err := rows.Write([]string{n.Card, n.Name, n.Phone, n.Email, gender, n.Birthday, n.Province, n.City,
			stamp(n.Registered), n.Source, n.Store, n.Level, yes[n.TakesPhone], yes[n.TakesMail]})
		if err != nil {
			return err
		}
	}
	rows.Flush()
	return rows.Error()
}

// writeOrders writes what was bought and given back as a file of order lines.
func (w *World) writeOrders(out io.Writer, acts []Act) error {
	rows := csv.NewWriter(out)
	if err := rows.Write(orderColumns); err != nil {
		return err
	}
	for _, a := range acts {
		p, sign := &w.people[a.Person], 1
		if a.Kind == Return {
			sign = -1
		}
		shop := shops[a.Shop]
		guide := p.Guide
		if a.Shop != p.Shop {
			guide = shop.Staff[a.Person%len(shop.Staff)]
		}
		for _, l := range a.Lines {
			it := products[l.Product]
			n := sign * l.Quantity
			err := rows.Write([]string{a.Number, p.Key, stamp(a.At), shop.Code, guide, it.SKU, it.Name, it.Category,
				strconv.Itoa(n), money.Format(l.Fen), money.Format(int64(n) * l.Fen)})
			if err != nil {
				return err
			}
		}
	}
	rows.Flush()
	return rows.Error()
}

// newcomer is a person as the brand's member system knows them.
func (w *World) newcomer(i int) Newcomer {
	p, l := &w.people[i], &w.lives[i]
	return Newcomer{
		Card: p.Key, Name: p.Handle, Phone: p.Phone, Email: p.Email, Gender: p.Gender, Birthday: p.Birthday,
		Province: p.Province, City: p.City, Source: shops[p.Shop].Channel, Store: shops[p.Shop].Code, Level: level(l.Spent),
		Registered: l.Registered, TakesPhone: p.Calls, TakesMail: p.Mail,
	}
}

func stamp(t time.Time) string { return t.In(Zone).Format(time.DateTime) }

// level is the member level by what somebody has spent, fen.
func level(spent int64) string {
	switch {
	case spent >= 500_000:
		return "黑金卡"
	case spent >= 200_000:
		return "金卡"
	case spent >= 50_000:
		return "银卡"
	}
	return "普通会员"
}
