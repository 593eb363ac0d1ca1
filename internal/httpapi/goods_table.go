package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/inventory"
)

// GoodsImport is what became of a table of goods.
type GoodsImport struct {
	Rows     int             `json:"rows"`
	Made     int             `json:"made" doc:"New goods, as drafts"`
	Revised  int             `json:"revised"`
	Counted  int             `json:"counted" doc:"SKUs whose stock was set"`
	Rejected []GoodsRejected `json:"rejected"`
	Header   []string        `json:"header" doc:"The file's headings, for a file of what was not taken"`
}

// GoodsRejected is a row that was not taken, with its cells.
type GoodsRejected struct {
	catalog.Reject
	Cells []string `json:"cells"`
}

// most rows of a table of goods.
const mostGoodsRows = 20_000

// registerGoodsTables: goods as tables, in and out.
func registerGoodsTables(a *API) {
	const workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	raw(a, http.MethodGet, "/api/v1/goods/export", "export_goods", staff.GoodsRead, workbook, func(w http.ResponseWriter, r *http.Request) error {
		q := r.URL.Query()
		in := GoodsFilter{Q: q.Get("q"), Category: q.Get("category"), Status: q.Get("status"), Role: q.Get("role"), Kind: q.Get("kind"), Low: q.Get("low") == "true"}
		var out bytes.Buffer
		if err := a.exportGoods(r.Context(), &out, in); err != nil {
			return err
		}
		return sendWorkbook(w, "goods.xlsx", out.Bytes())
	}, summary("Goods as XLSX, a row for each SKU, with the columns that an import reads"), param("q", "As in the list, and so category, status, role, kind and low"))

	raw(a, http.MethodPost, "/api/v1/goods/import", "import_goods", staff.GoodsWrite, "application/json", func(w http.ResponseWriter, r *http.Request) error {
		out, err := a.importGoods(r)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(out)
	}, summary("Make or revise goods, and count their stock, by a CSV or XLSX with the columns of the export"), maxBody(16<<20))
}

func (a *API) exportGoods(ctx context.Context, out *bytes.Buffer, in GoodsFilter) error {
	categories, err := a.Services.Goods.Categories(ctx)
	if err != nil {
		return err
	}
	byID := map[string]catalog.Category{}
	for _, c := range categories {
		byID[c.ID] = c
	}
	head := make([]any, len(catalog.Columns))
	for i, c := range catalog.Columns {
		head[i] = c
	}
	yuan := func(fen int64) any {
		if fen == 0 {
			return nil
		}
		return float64(fen) / 100
	}
	return files.WriteXLSX(out, "商品", []float64{30, 26, 18, 8, 8, 14, 24, 20, 10, 10, 10, 10, 18, 10}, head, func(put func(cells ...any) error) error {
		for after := ""; ; {
			p, err := a.goodsOf(ctx, in, after, 200)
			if err != nil {
				return err
			}
			for _, g := range p.Items {
				codes := make([]string, len(g.SKUs))
				for i, k := range g.SKUs {
					codes[i] = k.Code
				}
				levels, err := inventory.Levels(ctx, a.Services.Sales.DB, inventory.Online, codes)
				if err != nil {
					return err
				}
				category := ""
				if c, ok := byID[g.Category]; ok {
					category = catalog.CategoryPath(c, byID)
				}
				for _, k := range g.SKUs {
					var rebuy any
					if g.RebuyDays > 0 {
						rebuy = g.RebuyDays
					}
					err := put(g.Title, g.Subtitle, category, catalog.KindWords[g.Kind], catalog.RoleWords[g.Role], rebuy, catalog.SpecsText(g.Specs, k.Choice), k.Code,
						yuan(k.PriceFen), yuan(k.MarketFen), yuan(k.CostFen), k.WeightG, k.Barcode, levels[k.Code].OnHand)
					if err != nil {
						return err
					}
				}
			}
			if after = p.Next; after == "" {
				return nil
			}
		}
	})
}

// importGoods takes the rows of an uploaded table, goods by goods: what cannot be taken is told and the rest is taken.
func (a *API) importGoods(r *http.Request) (GoodsImport, error) {
	ctx, by := r.Context(), auth.From(r.Context())
	out := GoodsImport{Rejected: []GoodsRejected{}, Header: []string{}}
	header, rows, err := readTable(r.Body, mostGoodsRows)
	if err != nil {
		return out, err
	}
	if !slices.Contains(header, catalog.ColTitle) || !slices.Contains(header, catalog.ColCode) {
		return out, errs.New(errs.Invalid, "goods.columns", "the table has the columns %s and %s", catalog.ColTitle, catalog.ColCode)
	}
	out.Header, out.Rows = header, len(rows)
	cells := map[int64][]string{}
	var table []catalog.TableRow
	for _, row := range rows {
		cells[row.Line] = row.Cells
		t := catalog.TableRow{Line: row.Line, Cells: map[string]string{}}
		for i, name := range header {
			if i < len(row.Cells) {
				t.Cells[name] = row.Cells[i]
			}
		}
		table = append(table, t)
	}
	goods, rejects, err := a.Services.Goods.FromTable(ctx, table)
	if err != nil {
		return out, err
	}
	counts := by.Can(staff.StockWrite)
	for _, g := range goods {
		if g.ID == "" {
			_, err = a.Services.Goods.Create(ctx, g.Draft, by.ID)
		} else {
			_, err = a.Services.Goods.Revise(ctx, g.ID, g.Seen, g.Draft, by.ID)
		}
		if err == nil && counts {
			err = a.countAll(ctx, g.Stock, by.ID)
		}
		var e *errs.Error
		switch {
		case err == nil && g.ID == "":
			out.Made++
		case err == nil:
			out.Revised++
		case errors.As(err, &e) && e.Kind != errs.Internal && e.Kind != errs.Unavailable:
			for _, line := range g.Lines {
				rejects = append(rejects, *catalog.RejectOf(line, "", err))
			}
			continue
		default:
			return out, err
		}
		if counts {
			out.Counted += len(g.Stock)
		}
	}
	slices.SortFunc(rejects, func(x, y catalog.Reject) int { return int(x.Line - y.Line) })
	for _, r := range rejects {
		out.Rejected = append(out.Rejected, GoodsRejected{r, append([]string{}, cells[r.Line]...)})
	}
	return out, nil
}

// countAll sets what lies of SKUs.
func (a *API) countAll(ctx context.Context, stock map[string]int64, by string) error {
	return a.Services.Sales.DB.Tx(ctx, func(tx *store.Tx) error {
		request := id.New("cnt")
		for _, sku := range slices.Sorted(maps.Keys(stock)) {
			if err := inventory.Count(ctx, tx, inventory.Online, request, "", by, sku, stock[sku], a.Services.Sales.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}
