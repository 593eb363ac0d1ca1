package audience

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// PeopleSQL writes a condition as one statement for the warehouse's own engine that gives the numbers of who meets it: filtered aggregates over
// facts, joined with people. It is what the benchmark compares a pass with and what tests check it
// against. It reads people as if each had one version, which they have after a compaction; segments, what the
// state answers, properties of facts, and the measures days, first_amount and last_amount are not written.
func PeopleSQL(c Condition, asOf time.Time, zone *time.Location, w *warehouse.Warehouse) (string, error) {
	q := &sqlWriter{asOf: asOf, zone: zone, w: w, code: w.Code}
	where, err := q.expression(c)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("SELECT p.customer FROM people p")
	if len(q.aggregates) > 0 {
		fmt.Fprintf(&b, " LEFT JOIN (SELECT customer, %s FROM facts WHERE ts <= %d AND (%s) GROUP BY customer) f ON f.customer = p.customer",
			strings.Join(q.aggregates, ", "), asOf.UnixMicro(), strings.Join(q.filters, " OR "))
	}
	fmt.Fprintf(&b, " WHERE p.flags < %d AND (%s)", FlagErased, where)
	return b.String(), nil
}

type sqlWriter struct {
	asOf       time.Time
	zone       *time.Location
	w          *warehouse.Warehouse
	code       func(string) uint32
	aggregates []string
	filters    []string
}

func (q *sqlWriter) expression(c Condition) (string, error) {
	switch s := c.Spec.(type) {
	case *everyoneSpec:
		return "1 = 1", nil
	case *listSpec:
		parts := make([]string, len(s.Of))
		for i, child := range s.Of {
			part, err := q.expression(child)
			if err != nil {
				return "", err
			}
			parts[i] = "(" + part + ")"
		}
		return strings.Join(parts, " "+strings.ToUpper(c.Kind)+" "), nil
	case *notSpec:
		part, err := q.expression(s.Of)
		return "NOT COALESCE(" + part + ", 1 = 0)", err
	}
	l := leafOf(c, q.asOf, q.zone)
	switch {
	case l == nil:
	case l.attribute != nil:
		return "p." + l.attribute.Name + " IN " + q.codes(l.attribute.In), nil
	case l.contact != nil:
		flag := map[string]uint32{"phone": FlagPhone, "email": FlagEmail}[l.contact.Has]
		return q.w.Bits("p.flags", flag) + " <> 0", nil
	case l.joined:
		return fmt.Sprintf("p.registered <> 0 AND p.registered >= %d AND p.registered < %d", l.window.from, l.window.to), nil
	case l.filter != nil:
		return q.facts(l)
	}
	return "", errs.New(errs.Invalid, "segment.no_sql", "a condition of kind %s is not written as SQL", c.Kind)
}

func (q *sqlWriter) facts(l *leaf) (string, error) {
	filter := ""
	if l.window.from != never {
		filter += " AND ts >= " + strconv.FormatInt(l.window.from, 10)
	}
	if l.window.to != always {
		filter += " AND ts < " + strconv.FormatInt(l.window.to, 10)
	}
	if l.property != "" || len(l.filter.props()) > 0 {
		return "", errs.New(errs.Invalid, "segment.no_sql", "properties of facts are not written as SQL")
	}
	if w := l.filter.where; w != nil {
		for i, values := range w.lists() {
			if values != nil {
				filter += " AND " + filterNames[i] + " IN " + q.codes(values)
			}
		}
		if w.MinAmount != nil {
			filter += " AND amount >= " + strconv.FormatInt(*w.MinAmount, 10)
		}
		if w.MaxAmount != nil {
			filter += " AND amount <= " + strconv.FormatInt(*w.MaxAmount, 10)
		}
	}
	measure, ok := map[string][2]string{
		MeasureCount: {"COUNT", "*"}, MeasureAmount: {"SUM", "amount"}, MeasureQuantity: {"SUM", "quantity"}, MeasureAverage: {"AVG", "amount"},
		MeasureSinceFirst: {"MIN", "ts"}, MeasureSinceLast: {"MAX", "ts"},
	}[l.measure]
	if !ok {
		return "", errs.New(errs.Invalid, "segment.no_sql", "the measure %s is not written as SQL", l.measure)
	}
	kind := fmt.Sprintf("kind = %d", q.code(l.filter.fact))
	aggregate := q.w.Filtered(measure[0], measure[1], kind+filter)
	if amended := q.code(event.OrderAmended); amended != NoCode && l.filter.fact == event.OrderPaid { // orders that grew
		if w := l.filter.where; w != nil && (w.MinAmount != nil || w.MaxAmount != nil) {
			return "", errs.New(errs.Invalid, "segment.no_sql", "amounts of single orders are not written as SQL once orders were amended")
		}
		both := fmt.Sprintf("kind IN (%d, %d)", q.code(l.filter.fact), amended)
		switch l.measure {
		case MeasureAmount, MeasureQuantity:
			aggregate, kind = strings.Replace(aggregate, kind, both, 1), both
		case MeasureAverage:
			aggregate = q.w.Filtered("SUM", "amount", both+filter) + " / " + q.w.Filtered("COUNT", "*", kind+filter)
			kind = both
		}
	}
	name := "a" + strconv.Itoa(len(q.aggregates))
	q.aggregates = append(q.aggregates, aggregate+" AS "+name)
	q.filters = append(q.filters, "("+kind+filter+")")
	value := "f." + name
	switch l.measure {
	case MeasureCount, MeasureAmount, MeasureQuantity:
		value = "COALESCE(" + value + ", 0)"
	}
	var parts []string
	if l.low != never {
		parts = append(parts, value+" >= "+strconv.FormatInt(l.low, 10))
	}
	if l.high != always {
		parts = append(parts, value+" <= "+strconv.FormatInt(l.high, 10))
	}
	return "COALESCE(" + strings.Join(parts, " AND ") + ", 1 = 0)", nil
}

func (q *sqlWriter) codes(values []string) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = strconv.FormatUint(uint64(q.code(v)), 10)
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// PeopleSQL writes a condition as SQL for this engine's warehouse; see the function.
func (e *Engine) PeopleSQL(c Condition, asOf time.Time) (string, error) {
	return PeopleSQL(c, asOf, e.zone, e.w)
}

// Warehouse is what the engine reads.
func (e *Engine) Warehouse() *warehouse.Warehouse { return e.w }
