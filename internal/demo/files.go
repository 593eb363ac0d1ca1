package demo

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"huoshui/internal/platform/money"
)

// Files are the brand's history as an operator would have exported it from a shop system.
type Files struct {
	Customers, Orders string // paths
	Visits            []Act  // what no file tells: who looked at the brand's pages of late, in time order
}

// CustomerColumns and OrderColumns are the headers of the files.
var (
	CustomerColumns = []string{"会员编号", "昵称", "手机号", "邮箱", "性别", "生日", "省份", "城市", "注册时间", "来源渠道", "门店", "会员等级"}
	OrderColumns    = []string{"订单编号", "会员编号", "付款时间", "渠道", "门店", "导购", "商品编码", "商品名称", "类目", "数量", "单价", "金额"}
)

// WriteHistory makes the world of the options and writes its history into dir: one file of customers, one of order
// lines in time order, returns as lines of negative quantity under the number of their order.
func WriteHistory(dir string, opt Options) (*World, Files, error) {
	files := Files{Customers: filepath.Join(dir, "customers.csv"), Orders: filepath.Join(dir, "orders.csv")}
	var orders []Act
	w := New(opt, func(a Act) {
		switch a.Kind {
		case Buy, Return:
			orders = append(orders, a)
		case Visit:
			files.Visits = append(files.Visits, a)
		}
	})
	byTime := func(a, b Act) int { return a.At.Compare(b.At) }
	slices.SortStableFunc(orders, byTime)
	slices.SortStableFunc(files.Visits, byTime)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, Files{}, err
	}
	everybody := make([]int, w.Size())
	for i := range everybody {
		everybody[i] = i
	}
	if err := writeFile(files.Customers, func(out io.Writer) error { return w.WriteCustomers(out, everybody) }); err != nil {
		return nil, Files{}, err
	}
	if err := writeFile(files.Orders, func(out io.Writer) error { return w.WriteOrders(out, orders) }); err != nil {
		return nil, Files{}, err
	}
	return w, files, nil
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

// WriteCustomers writes people as a file of customers.
func (w *World) WriteCustomers(out io.Writer, people []int) error {
	rows := csv.NewWriter(out)
	if err := rows.Write(CustomerColumns); err != nil {
		return err
	}
	for _, i := range people {
		p, l := &w.people[i], &w.lives[i]
		gender := map[string]string{"f": "女", "m": "男"}[p.Gender]
		err := rows.Write([]string{p.Key, p.Handle, p.Phone, p.Email, gender, p.Birthday, p.Province, p.City,
			stamp(l.Registered), shops[p.Shop].Channel, shops[p.Shop].Code, level(l.Spent)})
		if err != nil {
			return err
		}
	}
	rows.Flush()
	return rows.Error()
}

// WriteOrders writes what was bought and given back as a file of order lines.
func (w *World) WriteOrders(out io.Writer, acts []Act) error {
	rows := csv.NewWriter(out)
	if err := rows.Write(OrderColumns); err != nil {
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
			err := rows.Write([]string{a.Number, p.Key, stamp(a.At), shop.Channel, shop.Code, guide, it.SKU, it.Name, it.Category,
				strconv.Itoa(n), money.Format(l.Fen), money.Format(int64(n) * l.Fen)})
			if err != nil {
				return err
			}
		}
	}
	rows.Flush()
	return rows.Error()
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
