package audience

import (
	"context"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// Somebody who writes a condition waits for one or a few new leaves at a time. The warehouse's engine answers such a leaf by grouping in a
// quarter of the processor's time of a pass, which shows everybody's facts to whatever looks on; from some leaves on the pass is cheaper, as it costs
// about the same for one and for hundreds.
const mostGrouped = 4

// mostGroupedBound keeps an average's bound times a number of facts within 64 bits.
const mostGroupedBound = 1 << 40

// groupable parts leaves that the engine is to group from those that a pass answers. When a pass must read facts anyway, it answers all.
func groupable(leaves []*leaf) (grouped, others []*leaf) {
	for _, l := range leaves {
		switch {
		case l.grouping(func(string) uint32 { return 0 }).Where != "":
			grouped = append(grouped, l)
		case len(l.filters()) > 0:
			return nil, leaves
		default:
			others = append(others, l)
		}
	}
	if len(grouped) > mostGrouped {
		return nil, leaves
	}
	return grouped, others
}

// grouping is the leaf as a grouping that finds who differs from its zero answer; the zero value where it cannot be written so.
func (l *leaf) grouping(code func(string) uint32) warehouse.Grouping {
	if l.filter == nil || l.property != "" || len(l.filter.props()) > 0 {
		return warehouse.Grouping{}
	}
	low, high := strconv.FormatInt(l.low, 10), strconv.FormatInt(l.high, 10)
	from, to := l.window.from, l.window.to
	var value string
	switch l.measure {
	case MeasureCount:
		value = "COUNT(*)"
	case MeasureAmount:
		value = "SUM(amount)"
	case MeasureQuantity:
		value = "SUM(quantity)"
	case MeasureAverage: // the sum is compared with the bound of each fact
		if l.low != never && max(l.low, -l.low) > mostGroupedBound || l.high != always && max(l.high, -l.high) > mostGroupedBound {
			return warehouse.Grouping{}
		}
		value, low, high = "SUM(amount)", "COUNT(*) * "+low, "COUNT(*) * "+high
	case MeasureSinceFirst:
		value = "MIN(ts)"
		if l.high != always { // later ones are not her first, or she is not meant
			to = min(to, l.high+1)
		}
	case MeasureSinceLast:
		value = "MAX(ts)"
		from = max(from, l.low)
	default:
		return warehouse.Grouping{}
	}
	where := []string{"kind = " + strconv.FormatUint(uint64(code(l.filter.fact)), 10)}
	if from != never {
		where = append(where, "ts >= "+strconv.FormatInt(from, 10))
	}
	if to != always {
		where = append(where, "ts < "+strconv.FormatInt(to, 10))
	}
	if w := l.filter.where; w != nil {
		if w.MinAmount != nil {
			where = append(where, "amount >= "+strconv.FormatInt(*w.MinAmount, 10))
		}
		if w.MaxAmount != nil {
			where = append(where, "amount <= "+strconv.FormatInt(*w.MaxAmount, 10))
		}
		for i, values := range w.lists() {
			if values == nil {
				continue
			}
			codes := make([]string, len(values))
			for j, v := range values {
				codes[j] = strconv.FormatUint(uint64(code(v)), 10)
			}
			where = append(where, filterNames[i]+" IN ("+strings.Join(codes, ", ")+")")
		}
	}
	having := []string{"1 = 1"}
	if l.low != never {
		having = append(having, value+" >= "+low)
	}
	if l.high != always {
		having = append(having, value+" <= "+high)
	}
	holds := "(" + strings.Join(having, " AND ") + ")"
	if l.zero {
		holds = "NOT " + holds
	}
	return warehouse.Grouping{Where: strings.Join(where, " AND "), Having: holds}
}

// group has the engine answer those of the missing leaves that it can, and takes them out; nil where there are none. They hold for people outside
// the universe too.
func (e *Engine) group(ctx context.Context, asOf time.Time, bound int64, look *looked) (*leafFold, error) {
	leaves, others := groupable(look.missing)
	if len(leaves) == 0 {
		return nil, nil
	}
	all := make([]warehouse.Grouping, 0, len(leaves)+1)
	amended := e.w.Code(event.OrderAmended)
	grow := false // orders that were amended may change an answer
	for _, l := range leaves {
		all = append(all, l.grouping(e.w.Code))
		sums := needsOf([]*leaf{l}).Columns&(Amount|Quantity) != 0
		grow = grow || sums && l.filter.fact == event.OrderPaid && amended != NoCode
	}
	if grow {
		all = append(all, warehouse.Grouping{Where: "kind = " + strconv.FormatUint(uint64(amended), 10), Having: "COUNT(*) > 0"})
	}
	people, mark, ok, err := e.w.Group(ctx, asOf.UnixMicro(), all)
	if err != nil || !ok || bounded(asOf, mark) != bound {
		return nil, err
	}
	out := &leafFold{leaves: leaves, out: people[:len(leaves)], dues: make([][]deadline, len(leaves))}
	if grew := people[len(people)-1]; grow && !grew.IsEmpty() {
		if grew.GetCardinality()*dirtyShare > uint64(mark.Through)+1000 {
			return nil, nil
		}
		fold, _, err := e.read(ctx, asOf, grew, leaves)
		if err != nil {
			return nil, err
		}
		for i, b := range out.out {
			b.AndNot(grew)
			b.Or(fold.out[i])
		}
	}
	look.missing = others
	return out, nil
}
