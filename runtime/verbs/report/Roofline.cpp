#include "runtime/verbs/report/Roofline.h"

#include "runtime/verbs/Console.h"

#include <algorithm>
#include <cmath>

namespace llmc::page {

double LogRange::place(double number) const {
  if (!(number > 0))
    return 0;
  return std::clamp((std::log10(number) - least) / (most - least), 0.0, 1.0);
}

LogRange rangeOf(const std::vector<double> &numbers) {
  double least = 0, most = 0;
  for (double number : numbers)
    if (number > 0 && std::isfinite(number)) {
      least = least > 0 ? std::min(least, number) : number;
      most = std::max(most, number);
    }
  if (least <= 0)
    return {0, 1};
  // A hair of tolerance, so that 1000 ends its decade.
  LogRange range{int(std::floor(std::log10(least) + 1e-9)), int(std::ceil(std::log10(most) - 1e-9))};
  range.most = std::max(range.most, range.least + 1);
  return range;
}

namespace {

constexpr double left = 74, right = 18, top = 22, bottom = 46;
constexpr double width = 860, height = 420;

struct Frame {
  LogRange xs, ys;
  double x(double intensity) const {
    return left + (width - left - right) * xs.place(intensity);
  }
  double y(double rate) const {
    return height - bottom - (height - top - bottom) * ys.place(rate);
  }
};

/// A power of ten: `0.01`, `100`, `10 G`.
std::string tick(int power) {
  constexpr std::string_view prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  if (power < 0)
    return formatReal(std::pow(10, power), std::min(-power, 9));
  auto prefix = std::min<size_t>(static_cast<size_t>(power / 3), std::size(prefixes) - 1);
  return formatReal(std::pow(10, power - 3 * static_cast<int>(prefix)), 0) +
         (prefix > 0 ? "\u00a0" + std::string(prefixes[prefix]) : "");
}

void drawGrid(Html &svg, const Frame &frame) {
  for (int power = frame.xs.least; power <= frame.xs.most; ++power) {
    std::string x = place(frame.x(std::pow(10, power)));
    svg << "<line class='grid' x1='" << x << "' x2='" << x << "' y1='" << place(top) << "' y2='"
        << place(height - bottom) << "'/><text class='tick' text-anchor='middle' x='" << x
        << "' y='" << place(height - bottom + 17) << "'>"
        << tick(power) << "</text>\n";
  }
  for (int power = frame.ys.least; power <= frame.ys.most; ++power) {
    std::string y = place(frame.y(std::pow(10, power)));
    svg << "<line class='grid' x1='" << place(left) << "' x2='" << place(width - right) << "' y1='"
        << y << "' y2='" << y << "'/><text class='tick' text-anchor='end' x='" << place(left - 7)
        << "' y='" << place(frame.y(std::pow(10, power)) + 4) << "'>"
        << tick(power) << "</text>\n";
  }
  svg << "<text class='axis' text-anchor='middle' x='" << place((left + width - right) / 2)
      << "' y='" << place(height - 8) << "'>FLOP per byte moved</text>"
      << "<text class='axis' text-anchor='start' x='4' y='12'>FLOP/s</text>\n";
}

/// \p isCaches: the dashed one, with a label for its bandwidth alone.
void drawRoof(Html &svg, const Frame &frame, const MachineLimits &limits, bool isCaches) {
  // Where it enters the plot, at the left or from below: a line of its slope.
  double to = std::pow(10, frame.xs.most);
  double from = std::clamp(std::pow(10, frame.ys.least) / limits.bytesPerSecond,
                           std::pow(10, frame.xs.least), to);
  double ridge = std::clamp(limits.ridge(), from, to);
  auto point = [&](double intensity) {
    return place(frame.x(intensity)) + "," + place(frame.y(limits.attainable(intensity)));
  };
  svg << "<polyline class='" << std::string(isCaches ? "roof caches" : "roof") << "' points='"
      << point(from) << " " << point(ridge);
  if (!isCaches)
    svg << " " << point(to);
  svg << "'/>\n";
  if (!isCaches)
    svg << "<text class='limit' text-anchor='end' x='" << place(width - right - 4) << "' y='"
        << place(frame.y(limits.operationsPerSecond) - 7) << "'>"
        << scaled(limits.operationsPerSecond, "FLOP/s") << "</text>\n";
  // The bandwidth's label lies along its line: a little behind its beginning, or in
  // its middle where that is at the foot, among names.
  double dx = frame.x(ridge) - frame.x(from);
  double dy = frame.y(limits.attainable(ridge)) - frame.y(limits.attainable(from));
  if (dx > 120) {
    double along = frame.x(from) > left + 1 ? 0.5 : 0.06;
    double x = frame.x(from) + along * dx, y = frame.y(limits.attainable(from)) + along * dy - 8;
    svg << "<text class='limit' x='" << place(x) << "' y='" << place(y) << "' transform='rotate("
        << place(std::atan2(dy, dx) * 180 / M_PI) << " " << place(x) << " " << place(y) << ")'>"
        << std::string(isCaches ? "caches, " : "memory, ") << scaled(limits.bytesPerSecond, "B/s")
        << "</text>\n";
  }
}

/// Unknown where no point may attain more than memory lets it.
MachineLimits cacheRoof(const MachineLimits &limits, const std::vector<RooflinePoint> &points) {
  MachineLimits caches;
  for (const RooflinePoint &point : points)
    if (limits.known() && point.attainable > 1.01 * limits.attainable(point.intensity))
      caches.bytesPerSecond = std::max(caches.bytesPerSecond, point.attainable / point.intensity);
  caches.operationsPerSecond = limits.operationsPerSecond;
  return caches;
}

/// A place that is taken.
struct Area {
  double x, y, width, height;
  bool meets(const Area &other) const {
    return x < other.x + other.width && other.x < x + width && y < other.y + other.height &&
           other.y < y + height;
  }
};

struct Mark {
  double x, y, end; // from x to end
  std::vector<const RooflinePoint *> points; // that lie there
};

/// `linear_0, linear_2 + 3 more`.
std::string labelOf(const Mark &mark) {
  std::string text;
  for (size_t i = 0; i < mark.points.size(); ++i) {
    if (i == 3 && mark.points.size() > 4)
      return text + " + " + std::to_string(mark.points.size() - 3) + " more";
    text += (i ? ", " : "") + shorten(mark.points[i]->kernel, 40);
  }
  return text;
}

/// Where a roof is: its flat part, and its slope in short pieces. Grids and dashes
/// may run behind names, roofs may not.
void coverRoof(const Frame &frame, const MachineLimits &limits, std::vector<Area> &taken) {
  double flat = frame.y(limits.operationsPerSecond), ridge = frame.x(limits.ridge());
  taken.push_back({ridge, flat - 2, width - right - ridge, 4});
  for (double x = left; x < ridge; x += 4) {
    double intensity = std::pow(10, frame.xs.least + (frame.xs.most - frame.xs.least) *
                                                         (x - left) / (width - left - right));
    taken.push_back({x, frame.y(limits.attainable(intensity)) - 2, 4, 4});
  }
}

/// Labels at a free place near their mark, farther ones with a line.
void drawLabels(Html &svg, const std::vector<Mark> &marks, std::vector<Area> taken) {
  for (const Mark &mark : marks)
    taken.push_back({mark.x - 6, mark.y - 6, mark.end - mark.x + 12, 12});
  for (const Mark &mark : marks) {
    std::string text = labelOf(mark);
    double length = 6.4 * static_cast<double>(text.size()) + 4;
    for (int attempt = 0; attempt < 40; ++attempt) {
      double drop = 15.0 * ((attempt / 2 + 1) / 2) * (attempt / 2 % 2 ? 1 : -1);
      bool isRight = attempt % 2 == 0;
      double gap = attempt < 2 ? 9 : 16;
      Area area{isRight ? mark.end + gap : mark.x - gap - length, mark.y + drop - 8, length, 15};
      if (area.x < left || area.x + area.width > width - 2 || area.y < top ||
          area.y + area.height > height - bottom ||
          std::ranges::any_of(taken, [&](const Area &other) { return area.meets(other); }))
        continue;
      taken.push_back(area);
      double edge = isRight ? area.x : area.x + length;
      if (attempt >= 2)
        svg << "<line class='lead' x1='" << place(isRight ? mark.end : mark.x) << "' y1='" << place(mark.y) << "' x2='"
            << place(edge) << "' y2='" << place(mark.y + drop) << "'/>";
      svg << "<text class='name' text-anchor='" << std::string(isRight ? "start" : "end")
          << "' x='" << place(edge) << "' y='" << place(mark.y + drop + 4) << "'>" << text
          << "</text>\n";
      break;
    }
  }
}

} // namespace

Html drawRoofline(const MachineLimits &limits, const std::vector<RooflinePoint> &points) {
  std::vector<double> intensities, rates;
  for (const RooflinePoint &point : points) {
    intensities.push_back(point.intensity);
    rates.push_back(point.achieved);
    rates.push_back(point.attainable);
  }
  if (limits.known()) {
    intensities.push_back(limits.ridge() / 2);
    intensities.push_back(limits.ridge() * 2);
    rates.push_back(limits.operationsPerSecond * 1.2);
  }
  Frame frame{rangeOf(intensities), rangeOf(rates)};

  Html svg;
  svg << "<svg class='roofline' role='img' aria-label='Roofline of the kernels' viewBox='0 0 "
      << place(width) << " " << place(height) << "'>\n";
  drawGrid(svg, frame);
  if (limits.known())
    drawRoof(svg, frame, limits, /*isCaches=*/false);
  if (MachineLimits caches = cacheRoof(limits, points); caches.known())
    drawRoof(svg, frame, caches, /*isCaches=*/true);
  std::vector<Mark> marks;
  for (const RooflinePoint &point : points) {
    double roof = point.attainable;
    double x = frame.x(point.intensity);
    double y = frame.y(point.achieved > 0 ? point.achieved : roof);
    std::string colour = " phase" + std::to_string(point.phaseNumber % 4);
    svg << "<g class='point" << colour << "'><title>" << point.tooltip << "</title>";
    if (point.achieved > 0 && roof > 0)
      svg << "<line x1='" << place(x) << "' x2='" << place(x) << "' y1='" << place(y) << "' y2='"
          << place(frame.y(roof)) << "'/><circle class='roofmark' cx='" << place(x) << "' cy='"
          << place(frame.y(roof)) << "' r='3.5'/>";
    svg << "<circle cx='" << place(x) << "' cy='" << place(y) << "' r='5'/></g>\n";
    auto same = std::ranges::find_if(marks, [&](const Mark &mark) {
      return x > mark.x - 9 && x < mark.end + 9 && std::abs(mark.y - y) < 7;
    });
    if (same == marks.end())
      marks.push_back({x, y, x, {&point}});
    else {
      same->points.push_back(&point);
      same->x = std::min(same->x, x);
      same->end = std::max(same->end, x);
    }
  }
  std::vector<Area> taken;
  if (limits.known())
    coverRoof(frame, limits, taken);
  drawLabels(svg, marks, std::move(taken));
  svg << "</svg>\n";
  return svg;
}

} // namespace llmc::page
