package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/finance/reconcile"
	"huoshui/internal/platform/money"
)

var reconcileCommand = command{
	summary: "Hold a day's bill of WeChat Pay against payments and books, line by line",
	usage:   "[--date YYYY-MM-DD] [--data DIR] [--json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "reconcile")
		day := f.String("date", "", "the day of the bill, Beijing time (default: yesterday)")
		format := f.formatFlag(formatText, formatJSON)
		_, cfg, err := f.parse(args, 0)
		if err != nil {
			return err
		}
		return app.Do(ctx, cfg, app.Options{}, func(ctx context.Context, a *app.App) error {
			if *day == "" {
				*day = a.Clock.Now().In(reconcile.Zone).AddDate(0, 0, -1).Format(time.DateOnly)
			}
			report, err := a.Services.Reconcile.Run(ctx, *day, "")
			if err != nil {
				return err
			}
			if *format == formatJSON {
				out := json.NewEncoder(e.stdout)
				out.SetIndent("", "  ")
				if err := out.Encode(report); err != nil {
					return err
				}
			} else if err := printReport(e, report); err != nil {
				return err
			}
			if n := report.Open(); n > 0 {
				return fmt.Errorf("%d differences wait for somebody", n)
			}
			return nil
		})
	},
}

func printReport(e *env, r reconcile.Report) error {
	out := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "%s\tlines\tpaid\tgiven back\n", r.Day)
	fmt.Fprintf(out, "bill\t%d\t%s\t%s\n", r.BillLines, money.Format(r.BillPaidFen), money.Format(r.BillRefundFen))
	fmt.Fprintf(out, "payments\t%d\t%s\t%s\n", r.OurLines, money.Format(r.OurPaidFen), money.Format(r.OurRefundFen))
	fmt.Fprintf(out, "books\t\t%s\t%s\n", money.Format(r.BookInFen), money.Format(r.BookOutFen))
	fmt.Fprintf(out, "fee\t\t%s\t\n", money.Format(r.BillFeeFen))
	for _, d := range r.Differences {
		fmt.Fprintf(out, "%s\t%s %s\tbill %s, ours %s, books %s\t%s (%s) %s\n", d.Cause, d.No, d.RefundNo, money.Format(d.BillFen), money.Format(d.OurFen), money.Format(d.BookFen), d.Action, d.State, d.Detail)
	}
	return out.Flush()
}
