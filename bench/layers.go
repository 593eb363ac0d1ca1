package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/user/layer"
)

// layersSQL is what RFM, lifecycle, layers and warnings of the default definition are as one statement of the warehouse's engine, stored into a
// table with all that the state of a refresh holds. It is the peer, so it may use all the SQL there is; that quintiles are taken without pulling in the outermost percent
// first, which cannot move them, is in its favour. {…} stand for codes and for numbers of the definition.
const layersSQL = `CREATE OR REPLACE TABLE layers_sql AS
WITH facts_of AS (
	SELECT customer, COUNT(*) FILTER (WHERE kind = {paid}) AS orders,
		SUM(amount) FILTER (WHERE kind = {paid}) AS spent,
		SUM(amount) FILTER (WHERE kind = {paid} AND ts >= {vip_from}) AS spent_window,
		MIN(ts) FILTER (WHERE kind = {paid}) AS first_order, MAX(ts) FILTER (WHERE kind = {paid}) AS last_order,
		MAX(ts) AS seen, MIN(ts) AS began
	FROM facts WHERE kind IN ({paid}, {viewed}, {opened}, {clicked}) AND ts <= {as_of} GROUP BY customer),
visits_of AS (
	SELECT customer, COUNT(*) AS visits FROM (
		SELECT customer, ts, ts - LAG(ts) OVER (PARTITION BY customer ORDER BY ts) AS gap
		FROM facts WHERE kind = {viewed} AND ts >= {visits_from} - 1800000000 AND ts <= {as_of})
	WHERE ts >= {visits_from} AND (gap IS NULL OR gap > 1800000000) GROUP BY customer),
person AS MATERIALIZED (
	SELECT p.customer, COALESCE(orders, 0) AS orders, COALESCE(spent, 0) AS spent, COALESCE(spent_window, 0) AS spent_window,
		COALESCE(visits, 0) AS visits,
		{today} - (LEAST(NULLIF(p.registered, 0), began) + {offset}) // 86400000000 AS registered,
		{today} - (first_order + {offset}) // 86400000000 AS first_order,
		{today} - (last_order + {offset}) // 86400000000 AS last_order,
		{today} - (seen + {offset}) // 86400000000 AS last_seen,
		COALESCE(f.last_order, 0) AS last_order_at, COALESCE(seen, 0) AS last_seen_at
	FROM people p LEFT JOIN facts_of f ON f.customer = p.customer LEFT JOIN visits_of v ON v.customer = p.customer
	WHERE p.flags < {erased} AND (f.customer IS NOT NULL OR p.registered <= {as_of})),
cuts AS MATERIALIZED (
	SELECT QUANTILE_CONT(last_order, [0.2, 0.4, 0.6, 0.8]) AS r, QUANTILE_CONT(orders, [0.2, 0.4, 0.6, 0.8]) AS f,
		QUANTILE_CONT(spent, [0.2, 0.4, 0.6, 0.8]) AS m
	FROM person WHERE orders > 0),
scored AS (
	SELECT person.*, LEAST(registered, last_order, last_seen) AS quiet,
		CASE WHEN orders > 0 THEN 5 - (r[1] < last_order)::INT - (r[2] < last_order)::INT - (r[3] < last_order)::INT - (r[4] < last_order)::INT ELSE 0 END AS r,
		CASE WHEN orders > 0 THEN 1 + (f[1] < orders)::INT + (f[2] < orders)::INT + (f[3] < orders)::INT + (f[4] < orders)::INT ELSE 0 END AS f,
		CASE WHEN orders > 0 THEN 1 + (m[1] < spent)::INT + (m[2] < spent)::INT + (m[3] < spent)::INT + (m[4] < spent)::INT ELSE 0 END AS m
	FROM person, cuts),
staged AS (
	SELECT *, CASE
		WHEN quiet IS NULL THEN {silent}
		WHEN registered < {growing_from} THEN {new}
		WHEN registered <= {growing_to} THEN {growing}
		WHEN quiet > {lost_after} THEN {lost}
		WHEN quiet >= {at_risk_days} THEN {at_risk}
		WHEN quiet >= {no_contact} OR last_order >= {no_order} THEN {silent}
		WHEN orders = 0 THEN {growing}
		ELSE {mature} END AS stage
	FROM scored),
reasoned AS (
	SELECT *, CASE
		WHEN stage = {lost} AND orders > 0 THEN {lost.bought}
		WHEN stage = {lost} THEN {lost.never_bought}
		WHEN orders >= {vip_orders} AND spent_window >= {vip_spent} AND spent >= {vip_ever} AND last_order <= {vip_no_order} THEN
			CASE WHEN stage = {at_risk} OR last_seen >= {pseudo_no_contact}
				OR (orders > 1 AND last_order > GREATEST({pseudo_gap} * ((first_order - last_order) / (orders - 1)), 7)) THEN {vip.pseudo} ELSE {vip.value} END
		WHEN orders = 0 AND registered <= {new_days} THEN {new.registered}
		WHEN orders > 0 AND first_order <= {new_days} AND orders <= {new_orders} THEN {new.first_order}
		WHEN stage IN ({silent}, {at_risk}) THEN CASE
			WHEN orders > 0 AND last_order >= {first_no_order} AND spent * 30 // GREATEST(first_order - last_order, 30) > {first_monthly} THEN {silent.first}
			WHEN quiet IS NULL THEN {silent.nothing_known}
			WHEN orders = 0 THEN {silent.never_bought}
			WHEN last_order >= {no_order} THEN {silent.no_order}
			ELSE {silent.no_contact} END
		WHEN orders = 0 THEN {new.not_bought}
		WHEN orders BETWEEN {rising_from} AND {rising_to} AND visits >= {active_visits} AND registered BETWEEN {rising_days_from} AND {rising_days_to}
			AND spent // orders BETWEEN {rising_average_from} AND {rising_average_to} THEN {potential.rising}
		ELSE {potential.regular} END AS reason
	FROM staged)
SELECT customer, CAST(r AS UTINYINT) AS r, CAST(f AS UTINYINT) AS f, CAST(m AS UTINYINT) AS m,
	CAST(CASE WHEN orders > 0 THEN 1 + (f < {high})::INT + 2 * (r < {high})::INT + 4 * (m < {high})::INT ELSE 0 END AS UTINYINT) AS class,
	CAST(stage AS UTINYINT) AS stage,
	CAST(CASE WHEN reason >= {lost.bought} THEN {layer.lost} WHEN reason >= {silent.first} THEN {layer.silent} WHEN reason >= {new.registered} THEN {layer.new}
		WHEN reason >= {potential.rising} THEN {layer.potential} ELSE {layer.vip} END AS UTINYINT) AS layer,
	CAST(reason AS UTINYINT) AS reason,
	CAST((reason = {vip.pseudo})::INT
		+ 2 * (reason NOT IN ({vip.pseudo}, {lost.bought}) AND orders >= 3 AND last_order > GREATEST({pseudo_gap} * ((first_order - last_order) / (orders - 1)), 7))::INT
		+ 4 * (stage = {at_risk} AND orders > 0)::INT
		+ 8 * (orders = 0 AND COALESCE(registered, -1) >= {warn_no_order} AND stage <> {lost})::INT AS UTINYINT) AS warned,
	CAST(COALESCE(last_order, -1) AS INTEGER) AS recency_days, CAST(orders AS INTEGER) AS frequency, CAST(spent AS BIGINT) AS monetary,
	CAST(orders AS INTEGER) AS orders, CAST(spent AS BIGINT) AS spent, last_order_at, last_seen_at
FROM reasoned`

// layersStatement fills in layersSQL for a warehouse.
func layersStatement(w *warehouse.Warehouse) string {
	def := layer.Default()
	days := func(n int) int64 { // the last n days begin
		y, m, d := asOf.In(zone).Date()
		return time.Date(y, m, d-n+1, 0, 0, 0, 0, zone).UnixMicro()
	}
	_, offset := asOf.In(zone).Zone()
	const day = 86_400_000_000
	shift := int64(offset) * 1_000_000
	values := map[string]any{
		"as_of": asOf.UnixMicro(), "offset": shift, "today": (asOf.UnixMicro() + shift) / day, "erased": warehouse.FlagErased,
		"paid": w.Code(event.OrderPaid), "viewed": w.Code(event.PageViewed), "opened": w.Code(event.MessageOpened), "clicked": w.Code(event.MessageClicked),
		"vip_from": days(def.Layers.VIP.WindowDays), "visits_from": days(def.Activity.Days), "active_visits": def.Activity.Visits,
		"growing_from": def.Lifecycle.GrowingFromDays, "growing_to": def.Lifecycle.GrowingToDays, "lost_after": def.Lifecycle.LostAfterDays,
		"warn_no_order": def.Lifecycle.WarnNoOrderDays, "at_risk_days": def.Lifecycle.AtRiskDays, "no_contact": def.Lifecycle.SilentNoContactDays, "no_order": def.Lifecycle.SilentNoOrderDays,
		"vip_orders": def.Layers.VIP.MinOrders, "vip_spent": def.Layers.VIP.MinSpentFen, "vip_ever": def.Layers.VIP.MinLifetimeFen,
		"vip_no_order": def.Layers.VIP.MaxNoOrderDays, "pseudo_no_contact": def.Layers.VIP.PseudoNoContactDays, "pseudo_gap": def.Layers.VIP.PseudoGapFactor,
		"new_days": def.Layers.New.Days, "new_orders": def.Layers.New.MaxOrders,
		"first_no_order": def.Layers.Silent.FirstNoOrderDays, "first_monthly": def.Layers.Silent.FirstMonthlyFen,
		"rising_from": def.Layers.Potential.MinOrders, "rising_to": def.Layers.Potential.MaxOrders,
		"rising_days_from": def.Layers.Potential.RegisteredMinDays, "rising_days_to": def.Layers.Potential.RegisteredMaxDays,
		"rising_average_from": def.Layers.Potential.MinAverageFen, "rising_average_to": def.Layers.Potential.MaxAverageFen,
		"high": def.RFM.HighFrom,
	}
	for i, stage := range layer.Stages {
		values[string(stage)] = i
	}
	for i, one := range layer.Layers {
		values["layer."+string(one)] = i
	}
	for i, reason := range layer.Reasons {
		values[string(reason)] = i
	}
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, "{"+name+"}", fmt.Sprint(value))
	}
	return strings.NewReplacer(pairs...).Replace(layersSQL)
}

// askLayers runs the statement.
func askLayers(ctx context.Context, w *warehouse.Warehouse) error {
	_, err := warehouse.All[int64](ctx, w, layersStatement(w))
	return err
}

// sameLayers fails when what askLayers stored differs from a state for a single person.
func sameLayers(ctx context.Context, w *warehouse.Warehouse, s *warehouse.State) error {
	reasons := make([]uint8, len(s.Reason))
	for n, reason := range s.Reason {
		reasons[n] = uint8(reason)
	}
	for name, column := range map[string][]uint8{"r": s.R, "f": s.F, "m": s.M, "class": s.Class, "stage": s.Stage, "layer": s.Layer, "warned": s.Warned, "reason": reasons} {
		var by [256]*roaring.Bitmap
		for n, here := range s.Present {
			if !here {
				continue
			}
			if by[column[n]] == nil {
				by[column[n]] = roaring.New()
			}
			by[column[n]].Add(uint32(n))
		}
		for code := range len(layer.Reasons) { // the longest list
			want := by[code]
			if want == nil {
				want = roaring.New()
			}
			got, err := w.Numbers(ctx, "SELECT customer FROM layers_sql WHERE "+name+" = "+strconv.Itoa(code))
			if err != nil {
				return err
			}
			if !got.Equals(want) {
				return fmt.Errorf("%s %d: the pass finds %d people, SQL %d, and not the same", name, code, want.GetCardinality(), got.GetCardinality())
			}
		}
	}
	for name, value := range map[string]func(n int) int64{
		"recency_days": func(n int) int64 { return int64(s.RecencyDays[n]) }, "frequency": func(n int) int64 { return int64(s.Frequency[n]) },
		"monetary": func(n int) int64 { return s.Monetary[n] }, "orders": func(n int) int64 { return int64(s.Orders[n]) },
		"spent": func(n int) int64 { return s.Spent[n] }, "last_order_at": func(n int) int64 { return s.LastOrder[n] },
		"last_seen_at": func(n int) int64 { return s.LastSeen[n] },
	} {
		const bound = 1_000_003 // so that sums, in which each person has a weight of her own, stay small
		var want int64
		for n, here := range s.Present {
			if here {
				want += value(n) % bound * int64(n%1009)
			}
		}
		got, err := warehouse.All[int64](ctx, w, fmt.Sprintf("SELECT CAST(SUM(CAST(%s AS BIGINT) %% %d * (customer %% 1009)) AS BIGINT) FROM layers_sql", name, bound))
		if err != nil {
			return err
		}
		if len(got) != 1 || got[0] != want {
			return fmt.Errorf("%s: the pass and SQL differ: %d and %d", name, want, got)
		}
	}
	return nil
}
