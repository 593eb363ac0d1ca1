// Package catalog holds what the store sells: categories, goods (SPU) and their SKUs, pictures and what goes with what.
package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"

	"huoshui/internal/platform/errs"
)

// What goods can be.
const (
	KindPhysical   = "physical"   // is sent or picked up
	KindConsumable = "consumable" // is used up and bought again after RebuyDays
	KindService    = "service"    // is done for somebody; redeemed by a code
	KindCourse     = "course"     // is watched or attended; redeemed by a code
	KindVirtual    = "virtual"    // a code that is shown once paid
)

// Roles of goods in the range.
const (
	RoleNone    = ""
	RoleTraffic = "traffic" // 引流: brings people in
	RoleProfit  = "profit"  // 利润: earns
	RoleImage   = "image"   // 形象: shows what the brand can do
)

// Statuses of goods.
const (
	Draft = "draft"
	On    = "on"
	Off   = "off"
)

// Category is a place in the shelves; a parent has none itself.
type Category struct {
	ID      string `db:"id" json:"id"`
	Parent  string `db:"parent" json:"parent" doc:"Empty for the first level"`
	Name    string `db:"name" json:"name"`
	Picture string `db:"picture" json:"picture" doc:"A picture's id, or empty"`
	Place   int64  `db:"place" json:"place" doc:"Order among its siblings"`
	Hidden  bool   `db:"hidden" json:"hidden"`
}

// Spec is what one chooses by, such as 口味 with its values.
type Spec struct {
	Name   string   `json:"name" maxLength:"20"`
	Values []string `json:"values" maxItems:"50"`
}

// Block is a piece of the description: text, or a picture. There is no HTML in it.
type Block struct {
	Text    string `json:"text,omitempty" maxLength:"5000"`
	Picture string `json:"picture,omitempty" maxLength:"64"`
}

// SKU is one choice of every spec.
type SKU struct {
	Code      string   `db:"code" json:"code" maxLength:"64" doc:"Unique in the store; what orders and the warehouse name"`
	GoodsID   string   `db:"goods_id" json:"goods_id" readOnly:"true"`
	Choice    []string `db:"choice,json" json:"choice" maxItems:"3" doc:"A value of each spec, in their order"`
	PriceFen  int64    `db:"price_fen" json:"price_fen" minimum:"1" maximum:"10000000000"`
	MarketFen int64    `db:"market_fen" json:"market_fen" minimum:"0" maximum:"10000000000" doc:"The price struck through; 0 shows none"`
	CostFen   int64    `db:"cost_fen" json:"cost_fen" minimum:"0" maximum:"10000000000" doc:"What a unit costs the brand; 0 when not known"`
	WeightG   int64    `db:"weight_g" json:"weight_g" minimum:"0" maximum:"1000000"`
	Barcode   string   `db:"barcode" json:"barcode" maxLength:"64"`
	Picture   string   `db:"picture" json:"picture" maxLength:"64"`
	Place     int64    `db:"place" json:"place" readOnly:"true"`
	Gone      bool     `db:"gone" json:"gone" doc:"Not sold any more; orders still name it"`
}

// GoodsDraft is what an operator writes of goods.
type GoodsDraft struct {
	Title     string   `json:"title" maxLength:"60"`
	Subtitle  string   `json:"subtitle" maxLength:"100"`
	Category  string   `json:"category" maxLength:"64" doc:"A category's id, or empty"`
	Kind      string   `json:"kind" enum:"physical,consumable,service,course,virtual"`
	Role      string   `json:"role" enum:",traffic,profit,image"`
	Specs     []Spec   `json:"specs" maxItems:"3"`
	Pictures  []string `json:"pictures" maxItems:"12"`
	Points    []string `json:"points" maxItems:"8" doc:"Selling points, a line each"`
	Detail    []Block  `json:"detail" maxItems:"60"`
	RebuyDays int64    `json:"rebuy_days" minimum:"0" maximum:"3650" doc:"After how many days it is usually bought again; 0 when it is not used up"`
	Freight   string   `json:"freight" maxLength:"64" doc:"A freight template's id; empty is the store's"`
	SKUs      []SKU    `json:"skus" minItems:"1" maxItems:"200"`
}

// Goods is what the store sells.
type Goods struct {
	ID        string    `db:"id" json:"id"`
	Title     string    `db:"title" json:"title"`
	Subtitle  string    `db:"subtitle" json:"subtitle"`
	Category  string    `db:"category" json:"category"`
	Kind      string    `db:"kind" json:"kind"`
	Role      string    `db:"role" json:"role"`
	Status    string    `db:"status" json:"status" enum:"draft,on,off"`
	Specs     []Spec    `db:"specs,json" json:"specs"`
	Pictures  []string  `db:"pictures,json" json:"pictures"`
	Points    []string  `db:"points,json" json:"points"`
	Detail    []Block   `db:"detail,json" json:"detail"`
	RebuyDays int64     `db:"rebuy_days" json:"rebuy_days"`
	Freight   string    `db:"freight" json:"freight"`
	Words     string    `db:"words" json:"-"`
	LowFen    int64     `db:"low_fen" json:"low_fen" doc:"The lowest price of a SKU that is sold"`
	Sold      int64     `db:"sold" json:"sold" doc:"Units of paid orders of the store"`
	Version   int64     `db:"version" json:"version"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	ChangedAt time.Time `db:"changed_at" json:"changed_at"`
	ChangedBy string    `db:"changed_by" json:"changed_by"`
	SKUs      []SKU     `json:"skus,omitempty"`
}

func invalid(field, code, format string, args ...any) *errs.Error {
	return errs.New(errs.Invalid, code, format, args...).At(field)
}

// check reports the first thing wrong with a draft, and tidies its texts.
func (d *GoodsDraft) check() error {
	d.Title, d.Subtitle = strings.TrimSpace(d.Title), strings.TrimSpace(d.Subtitle)
	switch {
	case d.Title == "" || utf8.RuneCountInString(d.Title) > 60:
		return invalid("title", "goods.title", "a title has 1 to 60 characters")
	case !slices.Contains([]string{KindPhysical, KindConsumable, KindService, KindCourse, KindVirtual}, d.Kind):
		return invalid("kind", "goods.kind", "there is no kind %q", d.Kind)
	case !slices.Contains([]string{RoleNone, RoleTraffic, RoleProfit, RoleImage}, d.Role):
		return invalid("role", "goods.role", "there is no role %q", d.Role)
	case d.RebuyDays < 0 || d.RebuyDays > 3650:
		return invalid("rebuy_days", "goods.rebuy_days", "a usual interval is 0 to 3,650 days")
	case len(d.Specs) > 3 || len(d.SKUs) == 0 || len(d.SKUs) > 200 || len(d.Pictures) > 12 || len(d.Points) > 8 || len(d.Detail) > 60:
		return invalid("skus", "goods.size", "goods have up to 3 specs, 1 to 200 SKUs, 12 pictures, 8 selling points and 60 blocks")
	}
	if d.Specs == nil {
		d.Specs = []Spec{}
	}
	if d.Pictures == nil {
		d.Pictures = []string{}
	}
	if d.Points == nil {
		d.Points = []string{}
	}
	if d.Detail == nil {
		d.Detail = []Block{}
	}
	for i, s := range d.Specs {
		seen := map[string]bool{}
		for _, v := range s.Values {
			if strings.TrimSpace(v) == "" || seen[v] {
				return invalid(fmt.Sprintf("specs.%d", i), "goods.spec", "the values of %q are empty or twice there", s.Name)
			}
			seen[v] = true
		}
		if strings.TrimSpace(s.Name) == "" || len(s.Values) == 0 {
			return invalid(fmt.Sprintf("specs.%d", i), "goods.spec", "a spec has a name and values")
		}
	}
	return d.checkSKUs()
}

func (d *GoodsDraft) checkSKUs() error {
	codes, choices := map[string]bool{}, map[string]bool{}
	for i := range d.SKUs {
		s := &d.SKUs[i]
		at := fmt.Sprintf("skus.%d", i)
		s.Code, s.Place = strings.TrimSpace(s.Code), int64(i)
		if s.Choice == nil {
			s.Choice = []string{}
		}
		key := strings.Join(s.Choice, "\x00")
		switch {
		case s.Code == "" || len(s.Code) > 64 || strings.ContainsFunc(s.Code, func(r rune) bool { return r < ' ' }):
			return invalid(at+".code", "goods.sku_code", "a SKU has a code of up to 64 bytes")
		case codes[s.Code]:
			return invalid(at+".code", "goods.sku_twice", "SKU %q is there twice", s.Code).With("sku", s.Code)
		case len(s.Choice) != len(d.Specs):
			return invalid(at+".choice", "goods.sku_choice", "SKU %q does not choose every spec", s.Code).With("sku", s.Code)
		case choices[key]:
			return invalid(at+".choice", "goods.choice_twice", "two SKUs are the same choice").With("sku", s.Code)
		case s.PriceFen <= 0 || s.PriceFen > 1e10 || s.MarketFen < 0 || s.MarketFen > 1e10 || s.CostFen < 0 || s.CostFen > 1e10:
			return invalid(at+".price_fen", "goods.price", "the price of %q must be above zero", s.Code).With("sku", s.Code)
		case s.WeightG < 0 || s.WeightG > 1e6:
			return invalid(at+".weight_g", "goods.weight", "the weight of %q is 0 to 1,000 kg", s.Code).With("sku", s.Code)
		}
		for j, v := range s.Choice {
			if !slices.Contains(d.Specs[j].Values, v) {
				return invalid(at+".choice", "goods.sku_choice", "SKU %q chooses %q, which is no value of %q", s.Code, v, d.Specs[j].Name).With("sku", s.Code)
			}
		}
		codes[s.Code], choices[key] = true, true
	}
	return nil
}

// words is what a search looks in: the texts in lower case, Chinese also as pinyin and as its initials.
func (d *GoodsDraft) words() string {
	texts := []string{d.Title, d.Subtitle}
	for _, s := range d.SKUs {
		texts = append(texts, s.Code, s.Barcode)
	}
	var out []string
	for _, t := range texts {
		if t = strings.ToLower(strings.TrimSpace(t)); t != "" {
			out = append(out, t)
		}
	}
	full, initials := spelt(d.Title)
	return strings.Join(append(out, full, initials), " ")
}

// spelt returns a text's pinyin without tones, and its initials; what is no Chinese stays as it is.
func spelt(s string) (full, initials string) {
	var a, b strings.Builder
	style := pinyin.NewArgs()
	for _, r := range strings.ToLower(s) {
		if p := pinyin.SinglePinyin(r, style); len(p) > 0 && p[0] != "" {
			a.WriteString(p[0])
			b.WriteByte(p[0][0])
			continue
		}
		if r > ' ' {
			a.WriteRune(r)
			b.WriteRune(r)
		}
	}
	return a.String(), b.String()
}

// name is what orders and the warehouse call a SKU.
func (s SKU) name(title string) string {
	if len(s.Choice) == 0 {
		return title
	}
	return title + " " + strings.Join(s.Choice, " ")
}

// low is the lowest price of the SKUs that are sold.
func low(skus []SKU) int64 {
	var least int64
	for _, s := range skus {
		if !s.Gone && (least == 0 || s.PriceFen < least) {
			least = s.PriceFen
		}
	}
	return least
}
