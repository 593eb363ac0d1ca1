import { act, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { setAhead } from "./clock";
import { UIProvider } from "./provider";
import { Count, Money, When } from "./values";

afterEach(() => setAhead(0));

function show(children: React.ReactNode) {
  return render(
    <UIProvider theme="light" language="zh" zone="Asia/Shanghai">
      {children}
    </UIProvider>,
  );
}

it("tells times again when the business's days move on, forward and back", () => {
  show(<When at={new Date(Date.now() - 3 * 60_000).toISOString()} ago />);
  expect(screen.getByText("3 分钟前")).toBeTruthy();
  act(() => setAhead(2 * 86_400_000));
  expect(screen.getByText("前天")).toBeTruthy();
  act(() => setAhead(-60_000));
  expect(screen.getByText("2 分钟前")).toBeTruthy();
});

it("shortens money and counts, and keeps the exact figure on hover", () => {
  show(
    <>
      <Money fen={12_345_678} short />
      <Count n={1_234_567} short />
      <Count n={12} about />
      <Money fen={undefined} />
    </>,
  );
  expect(screen.getByText("¥12.3万").title).toBe("¥123,456.78");
  expect(screen.getByText("123万").title).toBe("1,234,567");
  expect(screen.getByText("≈ 12")).toBeTruthy();
  expect(screen.getByText("—")).toBeTruthy();
});
